"""Two workers on one account, people who come and go meanwhile, the last license: on real connections."""

from typing import Any

import pytest

from tests.races.test_same_user import at_once
from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.core import clock
from valija.licensing import operations as licensing
from valija.licensing.models import License, LicenseRequest
from valija.mail.models import Letter

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def test_two_workers_give_each_license_once(aurora: Account, alice: User, buy: Any, plan: Any) -> None:
    buy(aurora, "pro", 4)
    by = alice.as_actor()
    people = [
        licensing.add_user(aurora, f"person{n}@aurora.example", by=by, first_name=f"Person{n}")
        for n in range(6)
    ]
    group = accounts.add_group(aurora, "Nurses", by=by)
    accounts.join_group(group, people, by=by)
    licensing.switch_on_rule(aurora, plan("pro"), group, by=by)
    at_once(lambda: licensing.apply_rules(aurora), lambda: licensing.apply_rules(aurora))
    held = License.objects.assigned().values_list("holder_id", flat=True)
    assert set(held) == {person.pk for person in people[:4]}
    assert Letter.objects.filter(kind="license_assigned").count() == 4
    assert Letter.objects.filter(kind="rule_short").count() == 1


def test_who_joins_and_leaves_meanwhile_ends_as_the_group_says(
    aurora: Account, alice: User, bob: User, dave: User, buy: Any, plan: Any
) -> None:
    buy(aurora, "pro", 2)
    by = alice.as_actor()
    group = accounts.add_group(aurora, "Nurses", by=by)
    accounts.join_group(group, [bob], by=by)
    licensing.switch_on_rule(aurora, plan("pro"), group, by=by)
    at_once(
        lambda: accounts.leave_group(group, [bob], by=by),
        lambda: accounts.join_group(group, [dave], by=by),
        lambda: licensing.apply_rules(aurora),
    )
    licensing.apply_rules(aurora)
    assert [license.holder for license in License.objects.assigned()] == [dave]


def test_the_last_license_is_given_once_by_a_person_or_by_the_rule(
    aurora: Account, alice: User, bob: User, dave: User, buy: Any, plan: Any
) -> None:
    buy(aurora, "pro", 1)
    by, pro = alice.as_actor(), plan("pro")
    group = accounts.add_group(aurora, "Nurses", by=by)
    accounts.join_group(group, [bob], by=by)
    licensing.switch_on_rule(aurora, pro, group, by=by)
    at_once(lambda: licensing.assign_license(aurora, pro, dave, by=by), lambda: licensing.apply_rules(aurora))
    assert License.objects.assigned().count() == 1


def test_asked_twice_at_once_is_one_request(aurora: Account, bob: User, plan: Any) -> None:
    pro = plan("pro")
    ask = lambda: licensing.request_license(bob, pro, "Contracts", by=bob.as_actor())  # noqa: E731
    at_once(ask, ask)
    assert LicenseRequest.objects.count() == 1


def test_a_planned_change_is_made_once(aurora: Account, alice: User, bob: User, buy: Any, plan: Any) -> None:
    from datetime import timedelta

    buy(aurora, "pro", 2)
    day = clock.today() + timedelta(days=2)
    licensing.plan_assignment(aurora, plan("pro"), bob, day, by=alice.as_actor())
    with clock.at(clock.now() + timedelta(days=3)):
        made = at_once(licensing.carry_out_due.call, licensing.carry_out_due.call)
    assert sum(each["done"] for each in made) == 1  # type: ignore[index]
    assert License.objects.assigned().count() == 1
