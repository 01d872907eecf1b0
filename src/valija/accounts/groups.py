"""Who is in a group, at any depth: read once for an account, walked in memory."""

from collections.abc import Iterable
from uuid import UUID

from valija.accounts.models import Account, Group, GroupNesting, User, Users

Edges = dict[UUID, set[UUID]]


def nestings_of(account: Account) -> Edges:
    """The groups that stand directly in each group of an account."""
    edges: Edges = {}
    for outer, inner in GroupNesting.objects.filter(outer__account=account).values_list(
        "outer_id", "inner_id"
    ):
        edges.setdefault(outer, set()).add(inner)
    return edges


def inside(start: UUID, edges: Edges) -> set[UUID]:
    """A group and all groups in it, however deep; a circle ends where it began."""
    found, open_ends = {start}, [start]
    while open_ends:
        for inner in edges.get(open_ends.pop(), ()):
            if inner not in found:
                found.add(inner)
                open_ends.append(inner)
    return found


def around(start: UUID, edges: Edges) -> set[UUID]:
    """A group and all groups that contain it."""
    turned: Edges = {}
    for outer, inner_groups in edges.items():
        for inner in inner_groups:
            turned.setdefault(inner, set()).add(outer)
    return inside(start, turned)


def everybody_in(group: Group) -> Users:
    """The users of a group, those of its inner groups included, each once."""
    ids = inside(group.pk, nestings_of(group.account))
    return within(ids)


def within(ids: Iterable[UUID]) -> Users:
    found: Users = User.objects.filter(memberships__group_id__in=list(ids)).distinct()
    return found
