"""Fewer licenses: only what nobody holds, now or at the renewal, and never the journal."""

from collections.abc import Callable
from typing import Any

import pytest

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import NotPermitted
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db]

Buy = Callable[[Account, str, int], object]
Plans = Callable[[str], Plan]


@pytest.fixture
def by(alice: User) -> Actor:
    return alice.as_actor(address="192.0.2.7", browser="Tests")


@pytest.fixture
def pro(aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans) -> Plan:
    """Five Pro licenses, of which Bob holds one."""
    buy(aurora, "pro", 5)
    licensing.assign_license(aurora, plan("pro"), bob, by=by)
    return plan("pro")


def numbers(account: Account) -> dict[str, Any]:
    [row] = account.licenses.per_plan()
    return {name: row[name] for name in ("available", "assigned", "total", "to_end")}


def test_at_the_renewal_they_stay_until_then(aurora: Account, pro: Plan, by: Actor) -> None:
    licensing.end_licenses(aurora, pro, "year", 3, by=by)
    assert numbers(aurora) == {"available": 4, "assigned": 1, "total": 5, "to_end": 3}
    entries = Entry.objects.filter(event="license.to_end")
    assert entries.count() == 3
    assert {entry.object_id for entry in entries} == {
        str(key) for key in License.objects.to_end().values_list("pk", flat=True)
    }


def test_until_then_it_can_be_taken_back(aurora: Account, pro: Plan, by: Actor) -> None:
    licensing.end_licenses(aurora, pro, "year", 3, by=by)
    licensing.keep_licenses(aurora, pro, "year", 2, by=by)
    assert numbers(aurora)["to_end"] == 1
    assert Entry.objects.filter(event="license.kept").count() == 2
    with pytest.raises(licensing.MoreThanEnd):
        licensing.keep_licenses(aurora, pro, "year", 2, by=by)


def test_now_they_are_gone_and_their_rows_and_journal_stay(aurora: Account, pro: Plan, by: Actor) -> None:
    removed = licensing.remove_licenses(aurora, pro, "year", 2, by=by)
    assert numbers(aurora) == {"available": 2, "assigned": 1, "total": 3, "to_end": 0}
    assert License.objects.exclude(ended_at=None).count() == 2
    for license in removed:
        told = [entry.event for entry in Entry.objects.about(license.pk).order_by("id")]
        assert told == ["license.added", "license.removed"]


def test_those_that_were_to_end_go_first(aurora: Account, pro: Plan, by: Actor) -> None:
    licensing.end_licenses(aurora, pro, "year", 1, by=by)
    licensing.remove_licenses(aurora, pro, "year", 2, by=by)
    assert numbers(aurora) == {"available": 2, "assigned": 1, "total": 3, "to_end": 0}


@pytest.mark.parametrize("number", [5, 100])
def test_more_than_are_available_is_refused_with_the_number(
    aurora: Account, pro: Plan, by: Actor, number: int
) -> None:
    for act, refusal in (
        (licensing.remove_licenses, licensing.MoreThanAvailable),
        (licensing.end_licenses, licensing.MoreThanRenew),
    ):
        with pytest.raises(refusal) as refused:
            act(aurora, pro, "year", number, by=by)
        assert refused.value.data["available"] == 4
        assert "4 Pro" in str(refused.value)
    assert numbers(aurora) == {"available": 4, "assigned": 1, "total": 5, "to_end": 0}


@pytest.mark.parametrize("number", [0, -1])
def test_no_number_is_no_number(aurora: Account, pro: Plan, by: Actor, number: int) -> None:
    for act in (licensing.remove_licenses, licensing.end_licenses, licensing.keep_licenses):
        with pytest.raises(licensing.NumberNotValid):
            act(aurora, pro, "year", number, by=by)


def test_those_of_another_interval_are_others(aurora: Account, pro: Plan, by: Actor) -> None:
    with pytest.raises(licensing.MoreThanAvailable):
        licensing.remove_licenses(aurora, pro, "month", 1, by=by)


def test_what_is_to_end_is_given_last_and_then_kept(
    aurora: Account, pro: Plan, by: Actor, carol: User, dave: User
) -> None:
    licensing.end_licenses(aurora, pro, "year", 3, by=by)
    licensing.assign_license(aurora, pro, carol, by=by)
    assert numbers(aurora)["to_end"] == 3
    license = licensing.assign_license(aurora, pro, dave, by=by)
    assert numbers(aurora)["to_end"] == 2
    kept = Entry.objects.get(event="license.kept")
    assert kept.object_id == str(license.pk)


def test_modifying_can_end_the_old_one(
    aurora: Account, pro: Plan, bob: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "eco", 1)
    old = License.objects.get(holder=bob)
    licensing.modify_license_and_end_the_old(aurora, plan("eco"), bob, by=by)
    old.refresh_from_db()
    assert old.to_end_since is not None
    assert old.holder is None
    history = [entry.event for entry in Entry.objects.about(old.pk).order_by("id")]
    assert history == ["license.added", "license.assigned", "license.returned", "license.to_end"]


def test_who_did_it_has_it_in_writing(aurora: Account, pro: Plan, by: Actor, alice: User) -> None:
    licensing.end_licenses(aurora, pro, "year", 1, by=by)
    licensing.remove_licenses(aurora, pro, "year", 1, by=by)
    kinds = Letter.objects.filter(to=alice.email).order_by("id").values_list("kind", flat=True)
    assert list(kinds)[-2:] == ["licenses_to_end", "licenses_removed"]
    for letter in Letter.objects.filter(to=alice.email).order_by("-id")[:2]:
        assert "1 Pro" in render(letter).subject


def test_billing_people_may_and_others_may_not(
    aurora: Account, pro: Plan, carol: User, bob: User, mallory: User
) -> None:
    licensing.remove_licenses(aurora, pro, "year", 1, by=carol.as_actor())
    for other in (bob, mallory):
        for act in (licensing.remove_licenses, licensing.end_licenses, licensing.keep_licenses):
            with pytest.raises(NotPermitted):
                act(aurora, pro, "year", 1, by=other.as_actor())


def test_ended_licenses_are_never_given_again(aurora: Account, pro: Plan, by: Actor, carol: User) -> None:
    licensing.remove_licenses(aurora, pro, "year", 4, by=by)
    with pytest.raises(licensing.NoLicenseAvailable):
        licensing.assign_license(aurora, pro, carol, by=by)
    assert clock.now() >= License.objects.exclude(ended_at=None)[0].ended_at  # type: ignore[operator]
