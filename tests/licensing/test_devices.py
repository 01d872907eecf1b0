"""Devices: who may let one go, and the choice that the code alone allows."""

from collections.abc import Callable

import pytest
from django.core.cache import cache

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import NotPermitted
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import Activation, ActivationCode, License
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db]

ANYONE = Actor(kind="anyone", label="", address="192.0.2.9", through="api")


@pytest.fixture
def license(
    aurora: Account, bob: User, alice: User, buy: Callable[..., object], plan: Callable[..., object]
) -> License:
    cache.clear()
    buy(aurora, "pro", 1)
    return licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())  # type: ignore[arg-type]


def code(license: License, alice: User) -> str:
    assert license.holder is not None
    licensing.send_activation(license.account, license.holder, by=alice.as_actor())
    return (
        render(Letter.objects.filter(to=license.holder.email).order_by("-id")[0]).links[0].partition("#")[2]
    )


@pytest.fixture
def full(license: License, alice: User) -> list[Activation]:
    """Bob's license at work on as many devices as it allows."""
    return [
        licensing.activate_license(code(license, alice), f"device {n}", by=ANYONE).activation
        for n in (1, 2, 3)
    ]


def test_the_refusal_names_the_devices(license: License, full: list[Activation], alice: User) -> None:
    with pytest.raises(licensing.TooManyDevices) as refused:
        licensing.activate_license(code(license, alice), "device 4", by=ANYONE)
    listed = refused.value.for_programs()["devices"]
    assert [each["device"] for each in listed] == ["device 1", "device 2", "device 3"]
    assert not {each["id"] for each in listed} & {str(each.pk) for each in full}


def test_one_is_let_go_with_the_code_and_the_new_one_takes_its_place(
    license: License, full: list[Activation], alice: User, bob: User
) -> None:
    chosen = licensing.choice_of(full[1])
    licensing.activate_license(code(license, alice), "device 4", by=ANYONE, instead_of=chosen)
    assert set(license.activations.living().values_list("device", flat=True)) == {
        "device 1",
        "device 3",
        "device 4",
    }
    ended, activated = Entry.objects.about(license.pk).order_by("id").reverse()[:2][::-1]
    assert (ended.event, activated.event) == ("license.deactivated", "license.activated")
    assert ended.data["device"] == "device 2"
    assert ended.actor_id == str(bob.pk)


def test_a_wrong_choice_is_asked_again_and_spends_nothing(
    license: License, full: list[Activation], alice: User
) -> None:
    newest = code(license, alice)
    with pytest.raises(licensing.TooManyDevices):
        licensing.activate_license(newest, "device 4", by=ANYONE, instead_of="somebody else's")
    assert ActivationCode.objects.waiting().count() == 1
    assert license.activations.living().count() == 3


def test_a_choice_without_a_good_code_lets_nothing_go(
    license: License, full: list[Activation], alice: User
) -> None:
    chosen = licensing.choice_of(full[0])
    old = code(license, alice)
    code(license, alice)
    for wrong in (old, "0000-0000-0000-0000"):
        with pytest.raises((licensing.ActivationCodeReplaced, licensing.ActivationCodeWrong)):
            licensing.activate_license(wrong, "device 4", by=ANYONE, instead_of=chosen)
    assert license.activations.living().count() == 3


def test_where_there_is_room_nothing_is_let_go(license: License, full: list[Activation], alice: User) -> None:
    chosen = licensing.choice_of(full[0])
    licensing.deactivate_license(full[2], by=alice.as_actor())
    licensing.activate_license(code(license, alice), "device 4", by=ANYONE, instead_of=chosen)
    assert license.activations.living().filter(device="device 1").exists()


def test_raised_activations_count(license: License, full: list[Activation], alice: User) -> None:
    License.objects.filter(pk=license.pk).update(extra_activations=1)
    licensing.activate_license(code(license, alice), "device 4", by=ANYONE)
    with pytest.raises(licensing.TooManyDevices):
        licensing.activate_license(code(license, alice), "device 5", by=ANYONE)
    license.refresh_from_db()
    assert license.devices == 4


def test_holder_and_administrator_let_a_device_go(
    license: License, full: list[Activation], alice: User, bob: User
) -> None:
    licensing.deactivate_license(full[0], by=bob.as_actor())
    licensing.deactivate_license(full[1], by=alice.as_actor())
    assert license.activations.living().get() == full[2]


def test_nobody_else_does(
    license: License, full: list[Activation], carol: User, dave: User, mallory: User, oscar: User
) -> None:
    for other in (carol, dave, mallory, oscar):
        with pytest.raises(NotPermitted):
            licensing.deactivate_license(full[0], by=other.as_actor())
    assert license.activations.living().count() == 3


def test_a_holder_who_was_deactivated_can_still_clear_his_device(full: list[Activation], bob: User) -> None:
    bob.deactivated_at = clock.now()
    bob.save()
    licensing.deactivate_license(full[0], by=bob.as_actor())
    assert not Activation.objects.living().filter(pk=full[0].pk).exists()
