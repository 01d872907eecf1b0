"""Groups of users: names, members, groups in groups."""

from itertools import pairwise

import pytest

from valija.accounts import operations as accounts
from valija.accounts.groups import everybody_in
from valija.accounts.models import Account, User
from valija.core.errors import NotPermitted
from valija.journal.models import Entry
from valija.licensing import operations as licensing

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_everybody_in_a_group_at_any_depth(aurora: Account, alice: User, bob: User, carol: User) -> None:
    by = alice.as_actor()
    groups = [accounts.add_group(aurora, f"Depth {n}", by=by) for n in range(6)]
    for outer, inner in pairwise(groups):
        accounts.nest_group(outer, inner, by=by)
    accounts.join_group(groups[0], [bob], by=by)
    accounts.join_group(groups[-1], [bob, carol], by=by)
    assert set(everybody_in(groups[0])) == {bob, carol}
    accounts.unnest_group(groups[2], groups[3], by=by)
    assert set(everybody_in(groups[0])) == {bob}


def test_no_circle_of_groups(aurora: Account, alice: User) -> None:
    by = alice.as_actor()
    one, two, three = (accounts.add_group(aurora, name, by=by) for name in ("One", "Two", "Three"))
    accounts.nest_group(one, two, by=by)
    accounts.nest_group(two, three, by=by)
    with pytest.raises(accounts.GroupCycle):
        accounts.nest_group(three, one, by=by)
    with pytest.raises(accounts.GroupInItself):
        accounts.nest_group(one, one, by=by)


def test_a_name_is_used_once_however_it_is_written(
    aurora: Account, borealis: Account, alice: User, mallory: User
) -> None:
    accounts.add_group(aurora, "  Sales   North ", by=alice.as_actor())
    with pytest.raises(accounts.GroupNameTaken):
        accounts.add_group(aurora, "SALES NORTH", by=alice.as_actor())
    with pytest.raises(accounts.GroupNameMissing):
        accounts.add_group(aurora, " \0 ", by=alice.as_actor())
    accounts.add_group(borealis, "Sales North", by=mallory.as_actor())


def test_mallory_cannot_touch_auroras_groups(
    aurora: Account, borealis: Account, alice: User, mallory: User, bob: User
) -> None:
    group = accounts.add_group(aurora, "Nurses", by=alice.as_actor())
    theirs = accounts.add_group(borealis, "Stone", by=mallory.as_actor())
    for act in (
        lambda: accounts.rename_group(group, "Mine", by=mallory.as_actor()),
        lambda: accounts.join_group(group, [mallory], by=mallory.as_actor()),
        lambda: accounts.leave_group(group, [bob], by=mallory.as_actor()),
        lambda: accounts.nest_group(group, theirs, by=mallory.as_actor()),
        lambda: licensing.remove_group(group, by=mallory.as_actor()),
        lambda: accounts.add_group(aurora, "Other", by=bob.as_actor()),
    ):
        with pytest.raises(NotPermitted):
            act()
    with pytest.raises(accounts.NotOfThisAccount):
        accounts.join_group(group, [mallory], by=alice.as_actor())
    with pytest.raises(accounts.GroupGone):
        accounts.nest_group(group, theirs, by=alice.as_actor())


def test_joining_twice_is_joining_once_and_the_journal_tells_it_once(
    aurora: Account, alice: User, bob: User
) -> None:
    by = alice.as_actor()
    group = accounts.add_group(aurora, "Nurses", by=by)
    assert accounts.join_group(group, [bob, bob], by=by) == 1
    assert accounts.join_group(group, [bob], by=by) == 0
    assert accounts.leave_group(group, [bob], by=by) == 1
    assert accounts.leave_group(group, [bob], by=by) == 0
    told = Entry.objects.filter(event__startswith="group.").order_by("id").values_list("event", flat=True)
    assert list(told) == ["group.added", "group.joined", "group.left"]


def test_a_group_that_is_gone_is_not_found(aurora: Account, alice: User, bob: User) -> None:
    by = alice.as_actor()
    group = accounts.add_group(aurora, "Nurses", by=by)
    gone = accounts.rename_group(group, "Nurses of the night", by=by)
    licensing.remove_group(group, by=by)
    with pytest.raises(accounts.GroupGone):
        accounts.join_group(gone, [bob], by=by)
