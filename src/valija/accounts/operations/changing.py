"""What an administrator changes of the people of the account: their details and their role."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.accounts.operations.people import OWN_DETAILS, ChoiceNotValid, check_details
from valija.accounts.permissions import OF_ROLE, SCOPES, Permission, Role
from valija.core import sql
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event


class LastAdministrator(Refusal):
    code = "last_administrator"
    sentence = _(
        "%(user)s is the last active administrator, and an account always keeps one. Make somebody else an administrator first."
    )


class RoleAboveOwn(Refusal):
    code = "role_above_own"
    status = 403
    sentence = _("The role %(role)s allows more than you may do yourself, so you cannot give it or take it.")


@transaction.atomic
def change_user(user: User, *, by: Actor, **details: Any) -> User:
    """Change what is known of a person, the role included; all of it or nothing."""
    by.require(Permission.USER_CHANGE, user.account)
    if unknown := details.keys() - {*OWN_DETAILS, "role"}:
        raise ChoiceNotValid(value=", ".join(sorted(unknown)))
    # Two administrators may take each other's role at once: whoever comes second sees what the first left.
    account = sql.locked(Account.objects.all(), pk=user.account_id)
    user = sql.locked(User.objects.all(), pk=user.pk)
    user.account = account
    before = {name: getattr(user, name) for name in details}
    for name, value in details.items():
        setattr(user, name, value)
    check_details(user)
    changed = [name for name in details if getattr(user, name) != before[name]]
    if "role" in changed:
        require_giveable(user.role, before["role"], by=by)
        if user.is_active and before["role"] == Role.ADMINISTRATOR:
            require_administrator_without(account, [user.pk])
    if changed:
        user.save(update_fields=[*changed, "sort_name"])
        tell_change(user, changed, before, by=by)
    return user


def tell_change(user: User, changed: Collection[str], before: dict[str, Any], *, by: Actor) -> None:
    """The journal lines of a change."""
    if fields := [OWN_DETAILS[name] for name in changed if name != "role"]:
        journal.record(Event.USER_CHANGED, by=by, about=user, user=user.email, fields=fields)
    if "role" in changed:
        old, new = Role(before["role"]).label, Role(user.role).label
        journal.record(Event.USER_ROLE_CHANGED, by=by, about=user, user=user.email, old_role=old, role=new)


def require_giveable(*roles: str, by: Actor) -> None:
    """Nobody gives, or takes, what he does not hold himself."""
    for role in roles:
        if not by.everywhere and not OF_ROLE[role] & SCOPES <= by.permissions:
            raise RoleAboveOwn(role=Role(role).label)


def require_administrator_without(account: Account, leaving: Collection[UUID]) -> None:
    """Refuse to leave an account without an active administrator. The caller holds the account."""
    chief = Role.PROVIDER if account.is_provider else Role.ADMINISTRATOR
    chiefs = account.users.active().filter(role=chief)
    last = chiefs.filter(pk__in=leaving).first()
    if last is not None and not chiefs.exclude(pk__in=leaving).exists():
        raise LastAdministrator(user=last.full_name)
