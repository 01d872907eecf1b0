"""Another address for a person: confirmed from the new mailbox, told to the old one."""

from copy import copy
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts import operations as accounts
from valija.accounts.models import AddressChange, User
from valija.accounts.permissions import Permission
from valija.core import clock, sql, tokens
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.domains.operations.claiming import require_usable
from valija.journal import journal
from valija.journal.events import Event
from valija.mail import letters
from valija.mail import operations as mail

CONFIRMED_WITHIN = timedelta(days=7)


class AddressUnchanged(InvalidInput):
    code = "address_unchanged"
    field = "email"
    sentence = _("%(user)s already has the address %(email)s.")


class AddressLinkNotValid(Refusal):
    code = "address_link_not_valid"
    sentence = _("This link has expired, or another change was asked for since. Nothing was changed.")


@transaction.atomic
def request_address_change(user: User, email: str, *, by: Actor) -> AddressChange:
    """Ask the new mailbox to confirm that it is this person's; what was asked before is canceled."""
    by.require(Permission.USER_CHANGE, user.account)
    email = accounts.normal_email(email)
    require_usable(user.account, email)
    user = _held(user)
    if email == user.email:
        raise AddressUnchanged(user=user.full_name, email=email)
    _require_free(user, email)
    now = clock.now()
    user.address_changes.filter(confirmed_at=None, canceled_at=None).update(canceled_at=now)
    token = tokens.new_token()
    change = AddressChange.objects.create(
        user=user, email=email, digest=_digest(token), expires_at=now + CONFIRMED_WITHIN
    )
    journal.record(Event.ADDRESS_CHANGE_REQUESTED, by=by, about=user, user=user.email, email=email)
    about: dict[str, Any] = {"asker": by.label.partition(" <")[0], "account": user.account.name}
    link = {"link": f"{settings.URL}/address/confirm?token={token}"}
    mail.write_letter(
        letters.ADDRESS_TO_CONFIRM, _at(user, email), secrets=link,
        old_email=user.email, expires=change.expires_at, **about,
    )  # fmt: skip
    mail.write_letter(letters.ADDRESS_CHANGE_REQUESTED, user, email=email, **about)
    return change


@transaction.atomic
def cancel_address_change(user: User, *, by: Actor) -> None:
    """Leave a person's address as it is; the link in the new mailbox no longer works."""
    by.require(Permission.USER_CHANGE, user.account)
    user = _held(user)
    for change in user.address_changes.open():
        change.canceled_at = clock.now()
        change.save(update_fields=["canceled_at"])
        journal.record(Event.ADDRESS_CHANGE_CANCELED, by=by, about=user, user=user.email, email=change.email)


def find_address_change(token: str) -> AddressChange:
    """What a link of a letter asks to confirm, or has confirmed.

    Raises:
        AddressLinkNotValid: nothing waits for this link.
    """
    found = AddressChange.objects.select_related("user__account").filter(digest=_digest(token)).first()
    over = found is None or found.canceled_at or (not found.confirmed_at and found.expires_at <= clock.now())
    if found is None or over or found.user.erased_at:
        raise AddressLinkNotValid
    return found


@transaction.atomic
def confirm_address_change(token: str, *, by: Actor) -> AddressChange:
    """Use the link of the letter: from now on this is the person's address. Pressed twice, it is confirmed once."""
    change = find_address_change(token)
    require_usable(change.user.account, change.email)
    user = _held(change.user)
    change = sql.locked(AddressChange.objects.all(), pk=change.pk)
    change.user = user
    if change.canceled_at:
        raise AddressLinkNotValid
    if change.confirmed_at:
        return change
    _require_free(user, change.email)
    change.confirmed_at = clock.now()
    change.save(update_fields=["confirmed_at"])
    himself = user.as_actor(address=by.address, browser=by.browser, request_id=by.request_id)
    old = user.email
    give_address(user, change.email, by=himself)
    mail.write_letter(
        letters.ADDRESS_CHANGED, _at(user, old), email=user.email, old_email=old, account=user.account.name
    )
    return change


def give_address(user: User, email: str, *, by: Actor) -> None:
    """The person's new address, in force at once. The caller holds the user and has checked the address."""
    old, user.email = user.email, email
    user.save(update_fields=["email"])
    accounts.end_sign_ins([user.pk])
    journal.record(Event.ADDRESS_CHANGED, by=by, about=user, user=old, email=email)


def _held(user: User) -> User:
    account = user.account
    user = sql.locked(User.objects.all(), pk=user.pk)
    user.account = account
    return user


def _at(user: User, email: str) -> User:
    """The same person at another mailbox."""
    elsewhere = copy(user)
    elsewhere.email = email
    return elsewhere


def _require_free(user: User, email: str) -> None:
    if User.objects.filter(email=email).exclude(pk=user.pk).exists():
        raise accounts.AddressTaken(email=email)


def _digest(token: str) -> str:
    return tokens.digest(token, "address change")
