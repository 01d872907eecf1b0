"""Groups and domains that carry a plan."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from valija.accounts import operations as accounts
from valija.accounts.models import Account, Group, User
from valija.core import clock
from valija.core.errors import NotPermitted
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing import rules
from valija.licensing.models import License, LicenseRule, Plan, RuleException
from valija.mail.models import Letter

pytestmark = [pytest.mark.django_db, pytest.mark.database]

Plans = Callable[[str], Plan]


@pytest.fixture(autouse=True)
def _the_clock_goes_back_afterwards() -> Iterator[None]:
    with clock.at(clock.now()):
        yield


@pytest.fixture
def nurses(aurora: Account, alice: User) -> Group:
    return accounts.add_group(aurora, "Nurses", by=alice.as_actor())


@pytest.fixture
def people(aurora: Account, alice: User) -> Callable[[int], list[User]]:
    def make(number: int) -> list[User]:
        by = alice.as_actor()
        return [
            licensing.add_user(aurora, f"person{n}@aurora.example", by=by, first_name=f"Person{n}")
            for n in range(number)
        ]

    return make


def plan_of(user: User) -> str | None:
    found = License.objects.filter(holder=user).select_related("plan").first()
    return found.plan.code if found else None


def a_minute_later() -> None:
    """The clock comes by."""
    clock.move_by(timedelta(minutes=1))
    licensing.apply_due.call()


def test_who_joins_gets_a_license_and_who_leaves_frees_it(
    aurora: Account, alice: User, bob: User, dave: User, nurses: Group, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 2)
    by = alice.as_actor()
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    licensing.apply_due.call()
    accounts.join_group(nurses, [bob, dave], by=by)
    a_minute_later()
    assert (plan_of(bob), plan_of(dave), plan_of(alice)) == ("pro", "pro", None)
    assert Letter.objects.filter(kind="license_assigned", to=bob.email).count() == 1
    accounts.leave_group(nurses, [bob], by=by)
    a_minute_later()
    assert (plan_of(bob), plan_of(dave)) == (None, "pro")
    assert Letter.objects.filter(kind="license_withdrawn", to=bob.email).count() == 1
    assert Entry.objects.filter(event="license.withdrawn", actor_kind="clock").count() == 1


def test_people_of_inner_groups_and_their_inner_groups_too(
    aurora: Account, alice: User, bob: User, nurses: Group, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    by = alice.as_actor()
    ward = accounts.add_group(aurora, "Ward", by=by)
    night = accounts.add_group(aurora, "Night", by=by)
    accounts.nest_group(nurses, ward, by=by)
    accounts.nest_group(ward, night, by=by)
    accounts.join_group(night, [bob], by=by)
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    licensing.apply_due.call()
    assert plan_of(bob) == "pro"
    accounts.unnest_group(nurses, ward, by=by)
    a_minute_later()
    assert plan_of(bob) is None


def test_a_license_that_a_person_gave_is_never_taken(
    aurora: Account, alice: User, bob: User, nurses: Group, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    buy(aurora, "eco", 1)
    by = alice.as_actor()
    licensing.assign_license(aurora, plan("eco"), bob, by=by)
    accounts.join_group(nurses, [bob], by=by)
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    licensing.apply_due.call()
    assert plan_of(bob) == "eco"
    accounts.leave_group(nurses, [bob], by=by)
    a_minute_later()
    assert plan_of(bob) == "eco"


def test_what_was_taken_from_many_by_hand_is_not_given_back_until_somebody_gives_it(
    aurora: Account, alice: User, bob: User, dave: User, nurses: Group, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 2)
    by = alice.as_actor()
    accounts.join_group(nurses, [bob, dave], by=by)
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    licensing.apply_due.call()
    both = aurora.users.filter(pk__in=[bob.pk, dave.pk])
    for act, planned, held in (("withdraw", None, None), ("assign", plan("pro"), "pro")):
        bulk = licensing.plan_bulk_act(aurora, act, both, plan=planned, by=by)
        licensing.apply_bulk_act(bulk, by=by)
        licensing.work_due.call()
        a_minute_later()
        assert (plan_of(bob), plan_of(dave)) == (held, held)
    assert not RuleException.objects.exists()


def test_too_few_are_given_in_order_the_administrators_told_once_and_it_goes_on(
    aurora: Account, alice: User, nurses: Group, people: Any, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 3)
    by, five = alice.as_actor(), people(5)
    accounts.join_group(nurses, reversed(five), by=by)
    rule = licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    licensing.apply_due.call()
    assert [plan_of(user) for user in five] == ["pro"] * 3 + [None] * 2
    assert Letter.objects.filter(kind="rule_short").count() == 1
    a_minute_later()
    assert Letter.objects.filter(kind="rule_short").count() == 1
    buy(aurora, "pro", 1)
    a_minute_later()
    assert [plan_of(user) for user in five] == ["pro"] * 4 + [None]
    licensing.withdraw_license(aurora, five[0], by=by)  # by hand: the rule does not give it back to him
    a_minute_later()
    assert [plan_of(user) for user in five] == [None, *["pro"] * 4]
    rule.refresh_from_db()
    assert rule.short_since is None
    assert Letter.objects.filter(kind="rule_short").count() == 1


def test_the_highest_plan_comes_first_and_then_the_oldest_rule(
    aurora: Account, alice: User, bob: User, nurses: Group, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    buy(aurora, "eco", 1)
    by = alice.as_actor()
    staff = accounts.add_group(aurora, "Staff", by=by)
    accounts.join_group(staff, [bob], by=by)
    older = licensing.switch_on_rule(aurora, plan("eco"), staff, by=by)
    licensing.apply_due.call()
    assert plan_of(bob) == "eco"
    accounts.join_group(nurses, [bob], by=by)
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    a_minute_later()
    assert plan_of(bob) == "pro"
    assert Letter.objects.filter(kind="license_modified", to=bob.email).count() == 1
    assert aurora.licenses.available(plan("eco")).count() == 1
    accounts.leave_group(nurses, [bob], by=by)
    a_minute_later()
    assert plan_of(bob) == "eco"
    assert License.objects.get(holder=bob).given_by == older


def test_whoever_waits_for_a_higher_plan_keeps_what_he_has(
    aurora: Account, alice: User, bob: User, nurses: Group, buy: Any, plan: Plans
) -> None:
    buy(aurora, "eco", 1)
    by = alice.as_actor()
    staff = accounts.add_group(aurora, "Staff", by=by)
    for group in (staff, nurses):
        accounts.join_group(group, [bob], by=by)
    licensing.switch_on_rule(aurora, plan("eco"), staff, by=by)
    licensing.apply_due.call()
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    a_minute_later()
    assert plan_of(bob) == "eco"
    assert Letter.objects.filter(kind="rule_short").count() == 1


def test_a_domain_carries_a_plan(aurora: Account, alice: User, people: Any, buy: Any, plan: Plans) -> None:
    buy(aurora, "pro", 20)
    domain = aurora.domains.get(name="aurora.example")
    stranger = licensing.add_user(aurora, "someone@gmail.com", by=alice.as_actor(), first_name="Someone")
    licensing.switch_on_rule(aurora, plan("pro"), domain, by=alice.as_actor())
    licensing.apply_due.call()
    [eva] = people(1)
    a_minute_later()
    assert (plan_of(eva), plan_of(alice), plan_of(stranger)) == ("pro", "pro", None)


def test_switched_off_the_licenses_stay_or_go_as_was_chosen(
    aurora: Account, alice: User, bob: User, dave: User, nurses: Group, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 2)
    by = alice.as_actor()
    accounts.join_group(nurses, [bob], by=by)
    rule = licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    licensing.apply_due.call()
    licensing.switch_off_rule(rule, by=by)
    a_minute_later()
    assert plan_of(bob) == "pro"
    licensing.withdraw_license(aurora, bob, by=by)
    rule = licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    accounts.join_group(nurses, [dave], by=by)
    a_minute_later()
    assert plan_of(dave) == "pro"
    licensing.switch_off_rule_and_free(rule, by=by)
    a_minute_later()
    assert plan_of(dave) is None


def test_two_rules_of_one_plan_hand_a_license_over_without_a_word(
    aurora: Account, alice: User, bob: User, nurses: Group, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    by = alice.as_actor()
    other = accounts.add_group(aurora, "Others", by=by)
    for group in (nurses, other):
        accounts.join_group(group, [bob], by=by)
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    second = licensing.switch_on_rule(aurora, plan("pro"), other, by=by)
    licensing.apply_due.call()
    written = Letter.objects.count()
    accounts.leave_group(nurses, [bob], by=by)
    a_minute_later()
    assert License.objects.get(holder=bob).given_by == second
    assert Letter.objects.count() == written


def test_the_preview_says_what_then_happens(
    aurora: Account, alice: User, nurses: Group, people: Any, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 2)
    by, four = alice.as_actor(), people(4)
    accounts.join_group(nurses, four, by=by)
    licensing.assign_license(aurora, plan("pro"), four[2], by=by)
    before = Entry.objects.count()
    seen = rules.preview(aurora, plan("pro"), nurses)
    assert (seen.fits, seen.licensed, seen.available) == (4, 1, 1)
    assert (seen.gets, seen.waits) == ([four[0]], [four[1], four[3]])
    assert (LicenseRule.objects.count(), Entry.objects.count()) == (0, before)
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    licensing.apply_due.call()
    assert [plan_of(user) for user in four] == ["pro", None, "pro", None]


def test_what_cannot_be_a_rule(
    aurora: Account, borealis: Account, alice: User, bob: User, mallory: User, nurses: Group, plan: Plans
) -> None:
    by = alice.as_actor()
    with pytest.raises(NotPermitted):
        licensing.switch_on_rule(aurora, plan("pro"), nurses, by=bob.as_actor())
    with pytest.raises(licensing.CarrierGone):
        licensing.switch_on_rule(borealis, plan("pro"), nurses, by=mallory.as_actor())
    programs = Plan.objects.filter(kind=Plan.Kind.API).first()
    assert programs
    with pytest.raises(licensing.NotForRules):
        licensing.switch_on_rule(aurora, programs, nurses, by=by)
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    with pytest.raises(licensing.AlreadyCarried):
        licensing.switch_on_rule(aurora, plan("pro"), nurses, by=by)
    with pytest.raises(licensing.GroupCarriesPlan):
        licensing.remove_group(nurses, by=by)


def test_a_deactivated_user_frees_his_license(
    aurora: Account, alice: User, bob: User, nurses: Group, buy: Any, plan: Plans
) -> None:
    buy(aurora, "pro", 1)
    accounts.join_group(nurses, [bob], by=alice.as_actor())
    licensing.switch_on_rule(aurora, plan("pro"), nurses, by=alice.as_actor())
    licensing.apply_due.call()
    User.objects.filter(pk=bob.pk).update(deactivated_at=clock.now())
    clock.move_by(timedelta(hours=7))  # the journal was not told: it is found all the same
    licensing.apply_due.call()
    assert plan_of(bob) is None
