"""Groups of users: names, members, and groups in groups."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.groups import inside, nestings_of
from valija.accounts.models import Account, Group, GroupMember, GroupNesting, User
from valija.accounts.permissions import Permission
from valija.core import sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.journal import journal
from valija.journal.events import Event

LONGEST_GROUP_NAME = 80
MEMBERS_AT_ONCE = 1000


class GroupNameMissing(InvalidInput):
    code = "group_name_missing"
    field = "name"
    sentence = _("Please enter a name for the group.")


class GroupNameTaken(Refusal):
    code = "group_name_taken"
    sentence = _("There is already a group named “%(name)s”.")


class GroupGone(Refusal):
    code = "group_gone"
    status = 404
    sentence = _("There is no such group in this account.")


class NotOfThisAccount(Refusal):
    code = "not_of_this_account"
    status = 404
    sentence = _("There is no such user in this account.")


class GroupCycle(Refusal):
    code = "group_cycle"
    sentence = _("%(outer)s is already in %(inner)s, so %(inner)s cannot be put into it.")


class GroupInItself(GroupCycle):
    sentence = _("%(outer)s cannot be put into itself.")


@transaction.atomic
def add_group(account: Account, name: str, *, by: Actor, external_id: str = "") -> Group:
    """Begin a group of users."""
    by.require(Permission.GROUP_CHANGE, account)
    group = Group(account=account, external_id=external_id[:255])
    _name(group, name)
    _save(group)
    journal.record(Event.GROUP_ADDED, by=by, about=group, group=group.name)
    return group


@transaction.atomic
def rename_group(group: Group, name: str, *, by: Actor) -> Group:
    """Call a group something else; its members stay."""
    by.require(Permission.GROUP_CHANGE, group.account)
    group = held_group(group)
    before = group.name
    _name(group, name)
    if group.name != before:
        _save(group)
        journal.record(Event.GROUP_RENAMED, by=by, about=group, group=group.name, old_name=before)
    return group


def _name(group: Group, name: str) -> None:
    group.name = " ".join(name.replace("\0", "").split())[:LONGEST_GROUP_NAME]
    if not group.name:
        raise GroupNameMissing
    group.sort_name = group.name.casefold()


def _save(group: Group) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as taken:
        raise GroupNameTaken(name=group.name) from taken


def held_group(group: Group) -> Group:
    """The group as it is now, held until the transaction ends."""
    try:
        return sql.locked(Group.objects.select_related("account"), pk=group.pk)
    except Group.DoesNotExist as gone:
        raise GroupGone from gone


@transaction.atomic
def join_group(group: Group, users: Iterable[User], *, by: Actor) -> int:
    """Put users into a group; who is in it already stays. How many are new to it."""
    by.require(Permission.GROUP_CHANGE, group.account)
    group = held_group(group)
    named = {user.pk: user for user in users}
    if any(user.account_id != group.account_id for user in named.values()):
        raise NotOfThisAccount
    there = set(group.memberships.filter(user__in=named).values_list("user_id", flat=True))
    joining = [user for key, user in named.items() if key not in there]
    GroupMember.objects.bulk_create(GroupMember(group=group, user=user) for user in joining)
    journal.record_many(
        Event.GROUP_JOINED,
        [(group, user.pk, {"user": user.email, "group": group.name}) for user in joining],
        by=by,
        account_id=group.account_id,
    )
    return len(joining)


@transaction.atomic
def leave_group(group: Group, users: Iterable[User], *, by: Actor) -> int:
    """Take users out of a group. How many were in it."""
    by.require(Permission.GROUP_CHANGE, group.account)
    group = held_group(group)
    named = {user.pk: user for user in users}
    rows = group.memberships.filter(user__in=named)
    leaving = [named[key] for key in rows.values_list("user_id", flat=True)]
    rows.delete()
    journal.record_many(
        Event.GROUP_LEFT,
        [(group, user.pk, {"user": user.email, "group": group.name}) for user in leaving],
        by=by,
        account_id=group.account_id,
    )
    return len(leaving)


@transaction.atomic
def nest_group(outer: Group, inner: Group, *, by: Actor) -> None:
    """Put a group into another: everybody in the inner one is in the outer one too, at any depth."""
    by.require(Permission.GROUP_CHANGE, outer.account)
    # Two administrators could close a circle together, each with one half of it: one after the other.
    account = sql.locked(Account.objects.all(), pk=outer.account_id)
    outer, inner = held_group(outer), held_group(inner)
    if inner.account_id != account.pk:
        raise GroupGone
    if outer.pk == inner.pk:
        raise GroupInItself(outer=outer.name, inner=inner.name)
    if outer.pk in inside(inner.pk, nestings_of(account)):
        raise GroupCycle(outer=outer.name, inner=inner.name)
    _nesting, new = GroupNesting.objects.get_or_create(outer=outer, inner=inner)
    if new:
        journal.record(Event.GROUP_NESTED, by=by, about=outer, inner=inner.name, group=outer.name)


@transaction.atomic
def unnest_group(outer: Group, inner: Group, *, by: Actor) -> None:
    """Take a group out of another; both stay."""
    by.require(Permission.GROUP_CHANGE, outer.account)
    outer = held_group(outer)
    if GroupNesting.objects.filter(outer=outer, inner=inner).delete()[0]:
        journal.record(Event.GROUP_UNNESTED, by=by, about=outer, inner=inner.name, group=outer.name)
