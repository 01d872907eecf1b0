"""Transferring: a license goes from one user to another, and nobody's journal is lost."""

from collections.abc import Callable

import pytest
from django.core.cache import cache

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

ANYONE = Actor(kind="anyone", label="", address="192.0.2.9", through="api")
Buy = Callable[[Account, str, int], object]
Plans = Callable[[str], Plan]


@pytest.fixture
def by(alice: User) -> Actor:
    return alice.as_actor(address="192.0.2.7", browser="Tests")


@pytest.fixture
def license(aurora: Account, bob: User, by: Actor, buy: Buy, plan: Plans) -> License:
    cache.clear()
    buy(aurora, "pro", 1)
    return licensing.assign_license(aurora, plan("pro"), bob, by=by)


def letter(user: User) -> Letter:
    return Letter.objects.filter(to=user.email).order_by("-id")[0]


def code(user: User) -> str:
    return render(letter(user)).links[0].partition("#")[2]


def test_the_same_license_has_another_holder(
    aurora: Account, license: License, bob: User, dave: User, by: Actor
) -> None:
    given = licensing.transfer_license(aurora, bob, dave, by=by)
    assert given.pk == license.pk
    assert License.objects.get().holder == dave
    assert not aurora.licenses.available().exists()


def test_it_stops_on_the_old_devices_and_starts_on_the_new(
    aurora: Account, license: License, bob: User, dave: User, by: Actor
) -> None:
    laptop = licensing.activate_license(code(bob), "laptop", by=ANYONE)
    licensing.send_activation(aurora, bob, by=by)
    waiting = code(bob)
    licensing.transfer_license(aurora, bob, dave, by=by)
    with pytest.raises(licensing.ActivationEnded):
        licensing.find_activation(laptop.token)
    with pytest.raises(licensing.LicenseWithdrawn):
        licensing.activate_license(waiting, "phone", by=ANYONE)
    assert licensing.activate_license(code(dave), "dave's", by=ANYONE).activation.user == dave


def test_both_are_told_in_their_languages(
    aurora: Account, license: License, bob: User, dave: User, by: Actor
) -> None:
    licensing.transfer_license(aurora, bob, dave, by=by)
    told, given = letter(bob), letter(dave)
    assert (told.kind, told.language) == ("license_transferred", "en")
    assert render(told).subject == "Your Pro license now belongs to Dave Martin"
    assert (given.kind, given.language) == ("license_assigned", "fr")
    assert "/activate#" in render(given).text


def test_both_journals_tell_and_keep_what_was_before(
    aurora: Account, license: License, bob: User, dave: User, by: Actor
) -> None:
    before = set(Entry.objects.of_account(aurora.pk).concerning(bob.pk).values_list("pk", flat=True))
    licensing.transfer_license(aurora, bob, dave, by=by)
    of_bob = Entry.objects.of_account(aurora.pk).concerning(bob.pk).order_by("-id")
    of_dave = Entry.objects.of_account(aurora.pk).concerning(dave.pk).order_by("-id")
    assert before < set(of_bob.values_list("pk", flat=True))
    assert (of_bob[0].event, of_dave[0].event) == ("license.transferred", "license.received")
    assert of_bob[0].object_id == of_dave[0].object_id == str(license.pk)
    assert of_bob[0].address == "192.0.2.7"


def test_somebody_who_has_one_gets_no_second(
    aurora: Account, license: License, bob: User, dave: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "eco", 1)
    licensing.assign_license(aurora, plan("eco"), dave, by=by)
    with pytest.raises(licensing.AlreadyLicensed):
        licensing.transfer_license(aurora, bob, dave, by=by)
    assert License.objects.get(pk=license.pk).holder == bob


def test_nobody_deactivated_gets_it_but_he_can_give_it(
    aurora: Account, license: License, bob: User, dave: User, by: Actor
) -> None:
    dave.deactivated_at = clock.now()
    dave.save()
    with pytest.raises(licensing.UserNotActive):
        licensing.transfer_license(aurora, bob, dave, by=by)
    dave.deactivated_at, bob.deactivated_at = None, clock.now()
    dave.save()
    bob.save()
    assert licensing.transfer_license(aurora, bob, dave, by=by).holder == dave


def test_a_mailbox_gets_no_license_for_people(
    aurora: Account, license: License, bob: User, dave: User, by: Actor
) -> None:
    dave.kind = User.Kind.SHARED
    dave.save()
    with pytest.raises(licensing.WrongKindOfPlan):
        licensing.transfer_license(aurora, bob, dave, by=by)


def test_from_somebody_without_and_to_himself(
    aurora: Account, license: License, bob: User, dave: User, carol: User, by: Actor
) -> None:
    with pytest.raises(licensing.NotLicensed):
        licensing.transfer_license(aurora, carol, dave, by=by)
    with pytest.raises(licensing.SameUser):
        licensing.transfer_license(aurora, bob, bob, by=by)


def test_mallory_gets_nothing_of_auroras(
    aurora: Account, borealis: Account, license: License, bob: User, dave: User, mallory: User, by: Actor
) -> None:
    with pytest.raises(NotPermitted):
        licensing.transfer_license(aurora, bob, dave, by=mallory.as_actor())
    with pytest.raises(licensing.NotAUserOfThisAccount):
        licensing.transfer_license(borealis, bob, mallory, by=mallory.as_actor())
    with pytest.raises(licensing.NotAUserOfThisAccount):
        licensing.transfer_license(aurora, bob, mallory, by=by)
    assert License.objects.get().holder == bob


def test_billing_people_transfer_nothing(
    aurora: Account, license: License, bob: User, dave: User, carol: User
) -> None:
    with pytest.raises(NotPermitted):
        licensing.transfer_license(aurora, bob, dave, by=carol.as_actor())


@pytest.fixture
def robot(aurora: Account, by: Actor) -> User:
    return licensing.add_user(aurora, "robot@aurora.example", by=by, first_name="Payroll", kind=User.Kind.API)


def test_programs_and_mailboxes_have_plans_of_their_own(
    aurora: Account, robot: User, by: Actor, buy: Buy, plan: Plans
) -> None:
    buy(aurora, "pro-api", 1)
    buy(aurora, "pro-shared", 1)
    desk = licensing.add_user(aurora, "desk@aurora.example", by=by, first_name="Desk", kind=User.Kind.SHARED)
    with pytest.raises(licensing.WrongKindOfPlan):
        licensing.assign_license(aurora, plan("pro-shared"), robot, by=by)
    assert licensing.assign_license(aurora, plan("pro-api"), robot, by=by).holder == robot
    shared = licensing.assign_license(aurora, plan("pro-shared"), desk, by=by)
    assert shared.devices == plan("pro-shared").allows.devices
