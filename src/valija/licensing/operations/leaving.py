"""People who leave: deactivated, which can be undone, or deleted for good."""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Activation, BulkRow, ImportRow, LicenseRequest
from valija.licensing.operations.assigning import NotAUserOfThisAccount, name_of
from valija.licensing.operations.many import licenses_of, locked_users, take_licenses
from valija.mail import letters
from valija.mail import operations as mail


class NotOneself(Refusal):
    code = "not_oneself"
    sentence = _("You cannot deactivate or delete yourself. Another administrator can do it.")


class UserIsActive(Refusal):
    code = "user_is_active"
    sentence = _("%(user)s is active: there is nothing to restore.")


class UserIsDeactivated(Refusal):
    code = "user_is_deactivated"
    sentence = _("%(user)s is already deactivated.")


@transaction.atomic
def deactivate_user(account: Account, user: User, *, by: Actor) -> User:
    """Take access and license from a person; everything else stays, and it can be undone."""
    by.require(Permission.USER_DEACTIVATE, account)
    account, user = _held(account, user, by)
    if not user.is_active:
        raise UserIsDeactivated(user=user.full_name)
    accounts.require_administrator_without(account, [user.pk])
    deactivate(account, [user], by=by)
    return user


def deactivate(account: Account, users: Sequence[User], *, by: Actor) -> None:
    """The same for many. The caller holds account and users and knows that an administrator remains."""
    held = licenses_of(users)
    take_licenses(account, [(user, held[user.pk]) for user in users if user.pk in held], by=by)
    accounts.end_access([user.pk for user in users])
    now = clock.now()
    User.objects.filter(pk__in=[user.pk for user in users]).update(deactivated_at=now)
    for user in users:
        user.deactivated_at = now
    journal.record_many(
        Event.USER_DEACTIVATED, ((user, "", {"user": user.email}) for user in users), by=by, account_id=account.pk
    )  # fmt: skip
    doer = name_of(by)
    told: list[mail.Written] = [(user, "", None, {"doer": doer, "account": account.name}) for user in users]
    mail.write_letters(letters.USER_DEACTIVATED, told)


@transaction.atomic
def restore_user(account: Account, user: User, *, by: Actor) -> User:
    """Give a deactivated person access again; a license has to be assigned anew."""
    by.require(Permission.USER_DEACTIVATE, account)
    if user.account_id != account.pk:
        raise NotAUserOfThisAccount
    user = sql.locked(User.objects.all(), pk=user.pk)
    user.account = account
    if user.is_active:
        raise UserIsActive(user=user.full_name)
    accounts.require_giveable(user.role, by=by)
    restore(account, [user], by=by)
    return user


def restore(account: Account, users: Sequence[User], *, by: Actor) -> None:
    """The same for many. The caller holds the users."""
    User.objects.filter(pk__in=[user.pk for user in users]).update(deactivated_at=None)
    for user in users:
        user.deactivated_at = None
    journal.record_many(
        Event.USER_RESTORED, ((user, "", {"user": user.email}) for user in users), by=by, account_id=account.pk
    )  # fmt: skip
    doer, portal = name_of(by), f"{settings.URL}/"
    told: list[mail.Written] = [
        (user, portal, None, {"doer": doer, "account": account.name, "email": user.email}) for user in users
    ]
    mail.write_letters(letters.USER_RESTORED, told)


@transaction.atomic
def delete_user(account: Account, user: User, *, by: Actor) -> None:
    """Delete a person for good: the personal data is erased; journal entries written before keep the name they were written with."""
    by.require(Permission.USER_DELETE, account)
    account, user = _held(account, user, by)
    accounts.require_giveable(user.role, by=by)
    if user.is_active:
        accounts.require_administrator_without(account, [user.pk])
    held = licenses_of([user])
    take_licenses(account, [(user, held[user.pk])] if held else [], by=by)
    accounts.end_access([user.pk])
    LicenseRequest.objects.filter(user=user).delete()  # in his own words
    Activation.objects.filter(user=user).update(device="")  # people name their devices after themselves
    BulkRow.objects.filter(user=user).delete()
    ImportRow.objects.filter(of__account=account, email=user.email).delete()
    journal.record(Event.USER_DELETED, by=by, about=user)
    mail.forget_letters(accounts.erase(user))


def _held(account: Account, user: User, by: Actor) -> tuple[Account, User]:
    """Account and user as they are now, held; nobody removes himself."""
    if user.account_id != account.pk:
        raise NotAUserOfThisAccount
    if by.kind == "user" and by.id == str(user.pk):
        raise NotOneself
    account = sql.locked(Account.objects.all(), pk=account.pk)
    found = locked_users(account, [user.pk])
    if not found:
        raise NotAUserOfThisAccount
    return account, found[0]
