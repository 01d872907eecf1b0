"""Accounts and the people in them."""

import unicodedata
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts import mobile
from valija.accounts.models import Account, Language, User
from valija.accounts.permissions import Permission, Role
from valija.core import sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, NotPermitted, Refusal
from valija.journal import journal
from valija.journal.events import Event

validate_length = MaxLengthValidator(254)  # as long as an address can be


class AddressTaken(Refusal):
    code = "address_taken"
    sentence = _("Somebody already uses the address %(email)s.")


class AddressNotValid(InvalidInput):
    code = "address_not_valid"
    field = "email"
    sentence = _("“%(email)s” is not an e-mail address.")


class NameMissing(InvalidInput):
    code = "name_missing"
    field = "first_name"
    sentence = _("Please enter a first name.")


class ChoiceNotValid(InvalidInput):
    code = "choice_not_valid"
    sentence = _("“%(value)s” cannot be chosen.")


@transaction.atomic
def create_account(
    name: str,
    *,
    country: str,
    admin_email: str,
    admin_first_name: str,
    by: Actor,
    admin_last_name: str = "",
    **details: Any,
) -> Account:
    """Open an account for a business, with its first administrator."""
    by.require(Permission.ACCOUNT_CREATE)
    account = Account.objects.create(name=name, country=country, **details)
    journal.record(Event.ACCOUNT_CREATED, by=by, about=account, account=name)
    role = Role.PROVIDER if account.is_provider else Role.ADMINISTRATOR
    person = {"first_name": admin_first_name, "last_name": admin_last_name, "role": role}
    write_user(account, admin_email, by=by, language=account.language, **person)
    return account


def write_user(account: Account, email: str, *, by: Actor, **details: Any) -> User:
    """The row and the journal line of a new user; whether he may be added is decided by the operations that call this."""
    email = normal_email(email)
    if User.objects.filter(email=email).exists():
        raise AddressTaken(email=email)
    user = User(account=account, email=email, **{"time_zone": account.time_zone, **details})
    check_details(user)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as taken:  # somebody else was a moment faster
        raise AddressTaken(email=email) from taken
    journal.record(Event.USER_ADDED, by=by, about=user, user=user.email, role=Role(user.role).label)
    return user


def normal_email(text: str) -> str:
    """An address as it is stored: without spaces around it, in lower case.

    Raises:
        AddressNotValid: it is no e-mail address.
    """
    email = unicodedata.normalize("NFC", text).strip().lower()
    try:
        validate_email(email)
        validate_length(email)
    except ValidationError as wrong:
        raise AddressNotValid(email=text.strip()[:80]) from wrong
    return email


def check_details(user: User) -> None:
    """Refuse details that cannot be used, and bring the others into their stored form."""
    user.first_name, user.last_name = user.first_name.strip()[:80], user.last_name.strip()[:80]
    if not user.first_name:
        raise NameMissing
    user.sort_name = user.full_name.casefold()
    user.mobile = mobile.normal_mobile(user.mobile, user.sms_country or user.account.country)
    chosen = (
        (user.language, Language.values),
        (user.time_zone, _time_zones()),
        (user.date_format, User.DateFormat.values),
        (user.role, Role.values),
        (user.kind, User.Kind.values),
        (user.sms_country, {"", *phonenumbers.SUPPORTED_REGIONS}),
    )
    for value, possible in chosen:
        if value not in possible:
            raise ChoiceNotValid(value=value)
    if (user.role == Role.PROVIDER) != user.account.is_provider:
        raise ChoiceNotValid(value=user.get_role_display())


@cache
def _time_zones() -> set[str]:
    """Listed once: each time anew it is read from the disk."""
    return available_timezones()


# What a person can change of himself, as the journal names it.
OWN_DETAILS = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "mobile": _("Mobile"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
    "date_format": _("Date format"),
    "sms_country": _("Country of text messages"),
}


@transaction.atomic
def change_own_details(user: User, *, by: Actor, **details: Any) -> User:
    """Save what a person says of himself; all of it or nothing."""
    require_own(user, by=by)
    user = sql.locked(User.objects.select_related("account"), pk=user.pk)
    before = {name: getattr(user, name) for name in details}
    for name, value in details.items():
        setattr(user, name, value)
    check_details(user)
    changed = [name for name in details if getattr(user, name) != before[name]]
    if changed:
        user.save(update_fields=[*changed, "sort_name"])
        fields = [OWN_DETAILS[name] for name in changed]
        journal.record(Event.USER_CHANGED, by=by, about=user, user=user.email, fields=fields)
    return user


def require_own(user: User, *, by: Actor) -> None:
    """A person's page is his own: not even an administrator acts there in his place."""
    by.require(Permission.ACCOUNT_PAGE, user.account)
    if by.id != str(user.pk):
        raise NotPermitted


@transaction.atomic
def choose_theme(user: User, theme: str, *, by: Actor) -> None:
    """Light, dark, or as the device says. A matter of taste, so the journal is not told."""
    require_own(user, by=by)
    user.theme = theme
    user.save(update_fields=["theme"])
