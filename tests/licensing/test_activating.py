"""Activation: codes that work once, devices that are counted, license files that prove themselves."""

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.cache import cache

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import NotPermitted, TooManyAttempts
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.license_file import PAYLOAD_TYPE, pre_authentication_encoding
from valija.licensing.models import ActivationCode, License, SigningKey
from valija.mail.models import Letter
from valija.mail.operations import deliver
from valija.mail.rendering import render
from valija.server.demo import OPERATOR

pytestmark = [pytest.mark.database, pytest.mark.django_db]

ANYONE = Actor(kind="anyone", label="", address="192.0.2.9", through="api")


@pytest.fixture(autouse=True)
def nobody_tried_before() -> None:
    cache.clear()


@pytest.fixture
def license(
    aurora: Account, bob: User, alice: User, buy: Callable[..., object], plan: Callable[..., object]
) -> License:
    buy(aurora, "pro", 1)
    return licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())  # type: ignore[arg-type]


@pytest.fixture
def code(license: License) -> str:
    return newest_code()


def newest_code() -> str:
    letter = Letter.objects.filter(kind__startswith="license_").order_by("-id")[0]
    return render(letter).links[0].partition("#")[2]


def another(license: License, alice: User) -> str:
    assert license.holder is not None
    licensing.send_activation(license.account, license.holder, by=alice.as_actor())
    return newest_code()


def test_a_code_activates_once(license: License, code: str) -> None:
    activated = licensing.activate_license(code, "laptop", by=ANYONE)
    assert activated.activation.license == license
    assert licensing.find_activation(activated.token) == activated.activation
    with pytest.raises(licensing.ActivationCodeUsed):
        licensing.activate_license(code, "phone", by=ANYONE)
    entry = Entry.objects.order_by("-id")[0]
    assert (entry.event, entry.actor_id, entry.through) == (
        "license.activated",
        str(license.holder_id),
        "api",
    )


def test_a_code_is_read_as_people_type_it(code: str) -> None:
    typed = code.lower().replace("-", " ").replace("1", "l").replace("0", "o")
    assert licensing.activate_license(typed, "laptop", by=ANYONE)


def test_a_wrong_code(license: License) -> None:
    with pytest.raises(licensing.ActivationCodeWrong):
        licensing.activate_license("0000-0000-0000-0000", "laptop", by=ANYONE)


def test_a_code_that_has_expired(code: str) -> None:
    ActivationCode.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    with pytest.raises(licensing.ActivationCodeExpired):
        licensing.activate_license(code, "laptop", by=ANYONE)


def test_the_code_of_a_license_that_was_withdrawn(
    license: License, code: str, bob: User, alice: User
) -> None:
    licensing.withdraw_license(license.account, bob, by=alice.as_actor())
    with pytest.raises(licensing.LicenseWithdrawn):
        licensing.activate_license(code, "laptop", by=ANYONE)


def test_the_code_of_a_license_that_has_run_out(license: License, code: str) -> None:
    license.subscription.renews_on = clock.today() - timedelta(days=1)
    license.subscription.save()
    with pytest.raises(licensing.LicenseExpired):
        licensing.activate_license(code, "laptop", by=ANYONE)


def test_on_the_day_of_the_renewal_it_works_on(license: License, code: str) -> None:
    """The clock renews on that day; nobody is stopped for the hour that the bank takes."""
    license.subscription.renews_on = clock.today()
    license.subscription.save()
    payload, _verify = opened(*licensing.activate_license(code, "laptop", by=ANYONE)[2:])
    assert payload["expires_at"] > f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"


def test_a_code_replaced_by_a_newer_one_says_so(license: License, code: str, alice: User) -> None:
    newer = another(license, alice)
    with pytest.raises(licensing.ActivationCodeReplaced):
        licensing.activate_license(code, "laptop", by=ANYONE)
    assert licensing.activate_license(newer, "laptop", by=ANYONE)


def test_a_suspended_license_stops_and_comes_back(license: License, code: str, alice: User) -> None:
    activated = licensing.activate_license(code, "laptop", by=ANYONE)
    newer = another(license, alice)
    license.subscription.suspended_at = clock.now()
    license.subscription.save()
    with pytest.raises(licensing.LicenseSuspended):
        licensing.activate_license(newer, "phone", by=ANYONE)
    with pytest.raises(licensing.LicenseSuspended):
        licensing.renew_license_file(licensing.find_activation(activated.token))
    license.subscription.suspended_at = None
    license.subscription.save()
    assert licensing.renew_license_file(licensing.find_activation(activated.token))
    assert licensing.activate_license(newer, "phone", by=ANYONE)
    assert license.activations.living().count() == 2


def test_while_a_renewal_is_overdue_it_works_until_the_grace_ends(license: License, code: str) -> None:
    subscription = license.subscription
    subscription.renews_on, subscription.past_due_since = clock.today() - timedelta(days=3), clock.now()
    subscription.save()
    activated = licensing.activate_license(code, "laptop", by=ANYONE)
    with clock.at(clock.now() + timedelta(days=13)):
        assert licensing.renew_license_file(licensing.find_activation(activated.token))
    with clock.at(clock.now() + timedelta(days=15)), pytest.raises(licensing.LicenseExpired):
        licensing.renew_license_file(licensing.find_activation(activated.token))


def test_a_canceled_subscription_ends_to_the_second(license: License, code: str) -> None:
    subscription = license.subscription
    subscription.renews_on, subscription.canceled_at = clock.today(), clock.now()
    subscription.save()
    with pytest.raises(licensing.LicenseExpired):
        licensing.activate_license(code, "laptop", by=ANYONE)


def test_guessing_is_slowed_down(license: License, code: str) -> None:
    for _attempt in range(20):
        with pytest.raises(licensing.ActivationCodeWrong):
            licensing.activate_license("0000-0000-0000-0000", "laptop", by=ANYONE)
    with pytest.raises(TooManyAttempts):
        licensing.activate_license(code, "laptop", by=ANYONE)
    elsewhere = Actor(kind="anyone", label="", address="192.0.2.10", through="api")
    assert licensing.activate_license(code, "laptop", by=elsewhere)


def test_devices_are_limited_and_one_can_be_let_go(license: License, code: str, alice: User) -> None:
    first = licensing.activate_license(code, "device 1", by=ANYONE)
    for number in (2, 3):
        licensing.activate_license(another(license, alice), f"device {number}", by=ANYONE)
    fourth = another(license, alice)
    with pytest.raises(licensing.TooManyDevices):
        licensing.activate_license(fourth, "device 4", by=ANYONE)
    assert license.holder is not None
    licensing.deactivate_license(
        license.activations.get(pk=first.activation.pk), by=license.holder.as_actor()
    )
    assert Entry.objects.order_by("-id")[0].event == "license.deactivated"
    licensing.activate_license(fourth, "device 4", by=ANYONE)


def test_letting_go_twice_is_one_line(license: License, code: str, bob: User) -> None:
    activation = licensing.activate_license(code, "laptop", by=ANYONE).activation
    for _time in range(2):
        licensing.deactivate_license(activation, by=bob.as_actor())
    assert Entry.objects.filter(event="license.deactivated").count() == 1


def test_the_license_file_proves_itself(license: License, code: str, bob: User) -> None:
    activated = licensing.activate_license(code, "laptop", by=ANYONE)
    payload, verify = opened(activated.license_file, activated.keys)
    verify()
    assert payload["holder"] == {"name": "Bob Castellanos", "email": "bob@aurora.example"}
    assert payload["plan"]["code"] == "pro"
    assert payload["license"] == str(license.pk)
    assert payload["expires_at"].startswith(license.renews_on.isoformat())
    assert payload["offline_until"] <= payload["expires_at"]


def test_a_changed_byte_is_seen(code: str) -> None:
    activated = licensing.activate_license(code, "laptop", by=ANYONE)
    envelope = dict(activated.license_file)
    body = bytearray(base64.b64decode(envelope["payload"]))
    body[len(body) // 2] ^= 1
    envelope["payload"] = base64.b64encode(body).decode()
    _payload, verify = opened(envelope, activated.keys, read=False)
    with pytest.raises(InvalidSignature):
        verify()


def test_after_a_rotation_old_files_still_verify(license: License, code: str) -> None:
    activated = licensing.activate_license(code, "laptop", by=ANYONE)
    new = licensing.rotate_key(by=OPERATOR)
    fresh, keys = licensing.renew_license_file(activated.activation)
    assert fresh["signatures"][0]["keyid"] == new.pk
    assert activated.license_file["signatures"][0]["keyid"] != new.pk
    for envelope in (fresh, activated.license_file):
        opened(envelope, keys)[1]()
    entry = Entry.objects.get(event="key.rotated")
    assert (entry.object_id, entry.actor_kind) == (new.pk, "command")


def test_the_key_of_an_old_file_is_published_until_the_file_expires(license: License, code: str) -> None:
    activated = licensing.activate_license(code, "laptop", by=ANYONE)
    old = activated.license_file["signatures"][0]["keyid"]
    licensing.rotate_key(by=OPERATOR)

    def published() -> set[str]:
        return {key["kid"] for key in licensing.keys()["keys"]}

    with clock.at(license.expires_at - timedelta(seconds=1)):
        assert old in published()
    with clock.at(license.works_until + timedelta(seconds=1)):
        assert old not in published()
        assert len(published()) == 1


def test_only_whoever_runs_the_installation_rotates_keys(alice: User, oscar: User) -> None:
    for user in (alice, oscar):
        with pytest.raises(NotPermitted):
            licensing.rotate_key(by=user.as_actor())


def test_the_offline_grace_is_a_setting(code: str, settings: Any) -> None:
    settings.OFFLINE_GRACE = timedelta(days=3)
    payload, _verify = opened(*licensing.activate_license(code, "laptop", by=ANYONE)[2:])
    issued, until = (datetime.fromisoformat(payload[name]) for name in ("issued_at", "offline_until"))
    assert until - issued == timedelta(days=3)


def test_a_device_that_asks_every_minute_writes_nothing(code: str, django_assert_num_queries: Any) -> None:
    token = licensing.activate_license(code, "laptop", by=ANYONE).token
    licensing.renew_license_file(licensing.find_activation(token))
    with django_assert_num_queries(3):  # the activation with all it is about; the keys, which a server keeps
        licensing.renew_license_file(licensing.find_activation(token))
    with clock.at(clock.now() + timedelta(minutes=6)), django_assert_num_queries(4):
        licensing.renew_license_file(licensing.find_activation(token))


def test_keys_and_codes_are_not_stored_in_clear(code: str) -> None:
    activated = licensing.activate_license(code, "laptop", by=ANYONE)
    key = SigningKey.objects.get()
    assert len(bytes(key.private)) > 64  # locked away, not the 32 bytes themselves
    assert code not in ActivationCode.objects.get().digest
    assert activated.token not in activated.activation.token_digest


def test_a_letter_that_left_has_forgotten_its_code(code: str) -> None:
    letter = Letter.objects.filter(kind="license_assigned").get()
    assert deliver(letter)
    letter.refresh_from_db()
    assert letter.secrets is None
    assert code not in render(letter).text
    assert "•••" in render(letter).text


def opened(
    envelope: dict[str, Any], keys: dict[str, Any], *, read: bool = True
) -> tuple[dict[str, Any], Callable[[], None]]:
    """The payload of an envelope and what verifies it, by another way than the product's own."""
    body = base64.b64decode(str(envelope["payload"]))
    [signature] = envelope["signatures"]
    [key] = [key for key in keys["keys"] if key["kid"] == signature["keyid"]]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "="))
    signed = pre_authentication_encoding(PAYLOAD_TYPE, body)
    return json.loads(body) if read else {}, lambda: public.verify(base64.b64decode(signature["sig"]), signed)
