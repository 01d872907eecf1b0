"""Two administrators, at the same moment, on the same user or the same license: threads on real connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.operations import AddressTaken
from valija.accounts.permissions import Role
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import Activation, License, Plan
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all of it at the same moment, each on a connection of its own; a refusal is an answer."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        start.wait(10)
        try:
            return act()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def test_two_licenses_for_one_user(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    buy(aurora, "pro", 1)
    buy(aurora, "eco", 1)
    by, pro, eco = alice.as_actor(), plan("pro"), plan("eco")
    answers = at_once(
        lambda: licensing.assign_license(aurora, pro, bob, by=by),
        lambda: licensing.assign_license(aurora, eco, bob, by=by),
    )
    assert answers.count("already_licensed") == 1
    assert License.objects.assigned().count() == 1
    assert Letter.objects.filter(kind="license_assigned").count() == 1
    assert Entry.objects.filter(event="license.assigned").count() == 1


def test_one_license_for_ten_users(
    aurora: Account, alice: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    buy(aurora, "pro", 3)
    by, pro = alice.as_actor(), plan("pro")
    people = [
        licensing.add_user(aurora, f"person{n}@aurora.example", by=by, first_name=f"Person{n}")
        for n in range(10)
    ]
    answers = at_once(
        *[lambda user=user: licensing.assign_license(aurora, pro, user, by=by) for user in people]
    )
    assert answers.count("no_license_available") == 7
    assert License.objects.assigned().values("holder").distinct().count() == 3


def test_withdrawn_and_modified(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    buy(aurora, "pro", 1)
    buy(aurora, "eco", 1)
    by, pro = alice.as_actor(), plan("pro")
    licensing.assign_license(aurora, plan("eco"), bob, by=by)
    answers = at_once(
        lambda: licensing.withdraw_license(aurora, bob, by=by),
        lambda: licensing.modify_license(aurora, pro, bob, by=by),
    )
    # Modified and then withdrawn, or withdrawn and then nothing to modify: nobody holds one in the end.
    assert len([answer for answer in answers if answer == "not_licensed"]) <= 1
    assert not License.objects.assigned().exists()
    assert License.objects.available().count() == 2


def test_one_code_on_five_devices(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    code = render(Letter.objects.get(kind="license_assigned")).links[0].partition("#")[2]
    anyone = Actor(kind="anyone", label="", address="192.0.2.9", through="api")
    answers = at_once(
        *[lambda n=n: licensing.activate_license(code, f"device {n}", by=anyone) for n in range(5)]
    )
    assert answers.count("activation_code_used") == 4
    assert Activation.objects.count() == 1


def test_one_address_added_twice(aurora: Account, alice: User) -> None:
    by = alice.as_actor()

    def add() -> object:
        return licensing.add_user(aurora, "elena@aurora.example", by=by, first_name="Elena")

    assert at_once(add, add).count(AddressTaken.code) == 1
    assert aurora.users.filter(email="elena@aurora.example").count() == 1


def test_two_administrators_take_each_others_role(aurora: Account, alice: User, bob: User) -> None:
    accounts.change_user(bob, by=alice.as_actor(), role=Role.ADMINISTRATOR)
    bob.refresh_from_db()
    first, second = alice.as_actor(), bob.as_actor()
    answers = at_once(
        lambda: accounts.change_user(bob, by=first, role=Role.USER),
        lambda: accounts.change_user(alice, by=second, role=Role.USER),
    )
    assert answers.count("last_administrator") == 1
    assert aurora.users.administrators().count() == 1


def test_two_administrators_remove_each_other(aurora: Account, alice: User, bob: User) -> None:
    accounts.change_user(bob, by=alice.as_actor(), role=Role.ADMINISTRATOR)
    bob.refresh_from_db()
    first, second = alice.as_actor(), bob.as_actor()
    answers = at_once(
        lambda: licensing.delete_user(aurora, bob, by=first),
        lambda: licensing.deactivate_user(aurora, alice, by=second),
    )
    assert answers.count("last_administrator") == 1
    assert aurora.users.administrators().count() == 1


def test_a_license_for_somebody_who_is_being_deactivated(
    aurora: Account, alice: User, bob: User, buy: Any, plan: Callable[[str], Plan]
) -> None:
    buy(aurora, "pro", 1)
    by, pro = alice.as_actor(), plan("pro")
    at_once(
        lambda: licensing.assign_license(aurora, pro, bob, by=by),
        lambda: licensing.deactivate_user(aurora, bob, by=by),
    )
    bob.refresh_from_db()
    assert not bob.is_active
    assert not License.objects.assigned().exists()
    assert License.objects.available().count() == 1
