"""Changes with a date."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.errors import NotPermitted
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan, PlannedChange
from valija.mail.models import Letter

pytestmark = [pytest.mark.django_db, pytest.mark.database]

Plans = Callable[[str], Plan]


@pytest.fixture(autouse=True)
def _the_clock_goes_back_afterwards() -> Iterator[None]:
    with clock.at(clock.now()):
        yield


def test_the_new_colleague_starts_on_monday_where_the_account_is(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    today = clock.today()
    monday = today + timedelta(days=7 - today.weekday())
    change = licensing.plan_assignment(aurora, plan("pro"), bob, monday, by=alice.as_actor())
    assert change.due_at == licensing.begins(aurora, monday)
    clock.move_to(change.due_at - timedelta(minutes=1))
    assert licensing.carry_out_due.call() == {"done": 0, "failed": 0}
    clock.move_to(change.due_at)
    assert licensing.carry_out_due.call() == {"done": 1, "failed": 0}
    assert licensing.carry_out_due.call() == {"done": 0, "failed": 0}
    assert License.objects.get(holder=bob).plan.code == "pro"


def test_a_day_begins_in_madrid_before_it_does_in_utc(aurora: Account) -> None:
    assert licensing.begins(aurora, date(2027, 7, 5)) == datetime(2027, 7, 4, 22, tzinfo=UTC)


def test_planned_twice_is_planned_once(aurora: Account, alice: User, bob: User, plan: Plans) -> None:
    day, by = clock.today() + timedelta(days=5), alice.as_actor()
    first = licensing.plan_assignment(aurora, plan("eco"), bob, day, by=by)
    second = licensing.plan_assignment(aurora, plan("pro"), bob, day, by=by)
    assert first.pk == second.pk
    assert PlannedChange.objects.get().plan == plan("pro")


def test_what_cannot_be_done_is_told_and_stays_in_the_list(
    aurora: Account, alice: User, bob: User, plan: Plans
) -> None:
    day = clock.today() + timedelta(days=2)
    change = licensing.plan_assignment(aurora, plan("pro"), bob, day, by=alice.as_actor())
    clock.move_by(timedelta(days=3))
    assert licensing.carry_out_due.call() == {"done": 0, "failed": 1}
    change.refresh_from_db()
    assert change.state == "failed"
    assert "Pro" in change.why
    assert Letter.objects.filter(kind="change_failed", to=alice.email).count() == 1
    assert list(PlannedChange.objects.seen()) == [change]
    licensing.take_back_change(change, by=alice.as_actor())
    assert not PlannedChange.objects.seen().exists()


def test_a_user_who_is_gone_by_then(aurora: Account, alice: User, bob: User, plan: Plans) -> None:
    day, by = clock.today() + timedelta(days=2), alice.as_actor()
    change = licensing.plan_assignment(aurora, plan("pro"), bob, day, by=by)
    licensing.delete_user(aurora, bob, by=by)
    clock.move_by(timedelta(days=3))
    assert licensing.carry_out_due.call() == {"done": 0, "failed": 1}
    change = PlannedChange.objects.select_related("user", "to", "plan").get(pk=change.pk)
    assert "Bob" not in licensing.what(change)


@pytest.mark.parametrize("days", [0, -1, 800])
def test_a_day_that_cannot_be(aurora: Account, alice: User, bob: User, plan: Plans, days: int) -> None:
    day = licensing.today_of(aurora) + timedelta(days=days)
    with pytest.raises(licensing.DayNotValid):
        licensing.plan_assignment(aurora, plan("pro"), bob, day, by=alice.as_actor())


def test_only_who_may_assign_may_plan(
    aurora: Account, alice: User, bob: User, mallory: User, plan: Plans
) -> None:
    day = clock.today() + timedelta(days=2)
    for other in (bob, mallory):
        with pytest.raises(NotPermitted):
            licensing.plan_assignment(aurora, plan("pro"), bob, day, by=other.as_actor())
    with pytest.raises(licensing.NotAUserOfThisAccount):
        licensing.plan_assignment(aurora, plan("pro"), mallory, day, by=alice.as_actor())
