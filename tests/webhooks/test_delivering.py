"""Webhooks reach their receiver at least once, in order, signed; and whoever does not answer holds up nobody else."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.webhooks.receiver import Receiver, receiving
from valija.accounts.models import Account, User
from valija.core import clock, ids
from valija.journal import journal
from valija.journal.events import Event
from valija.journal.models import Entry
from valija.mail.models import Letter
from valija.webhooks import operations as webhooks
from valija.webhooks import reaching
from valija.webhooks.models import Delivery, Endpoint

pytestmark = [pytest.mark.database, pytest.mark.django_db]

Hook = Callable[..., Endpoint]


def happen(user: User, plan: str, event: Event = Event.LICENSE_ASSIGNED) -> Entry:
    return journal.record(event, by=user.as_actor(), about=user, user=user.email, plan=plan)


def plans(receiver: Receiver) -> list[str]:
    told = [json.loads(body)["data"]["data"] for body in receiver.bodies]
    return [data["plan"] for data in told if "plan" in data]


def later(**span: Any) -> Any:
    return clock.at(clock.now() + timedelta(**span))


def test_everything_that_happens_is_sent_in_its_order(hook: Hook, receiver: Receiver, bob: User) -> None:
    hook()
    for number in range(5):
        happen(bob, f"P{number}")
    assert webhooks.deliver_due.call() == {"sent": 6, "failed": 0}
    assert plans(receiver) == [f"P{number}" for number in range(5)]
    assert webhooks.deliver_due.call() == {"sent": 0, "failed": 0}


def test_a_program_with_the_public_package_believes_it(hook: Hook, receiver: Receiver, bob: User) -> None:
    endpoint: Any = hook("license.assigned")
    entry = happen(bob, "Pro")
    webhooks.deliver_due.call()
    ((headers, body),) = receiver.got
    message = Webhook(endpoint.shown).verify(body, headers)
    assert message["type"] == "license.assigned"
    assert message["data"]["id"] == str(entry.pk)
    assert "bob@aurora.example" in message["data"]["sentence"]
    assert datetime.fromisoformat(message["timestamp"]) == entry.at
    assert headers["webhook-id"] == f"msg_{entry.pk.hex}"
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.shown).verify(body.replace(b"Pro", b"Eco"), headers)


def test_while_a_secret_is_replaced_both_are_good(
    hook: Hook, receiver: Receiver, alice: User, bob: User
) -> None:
    endpoint: Any = hook("license.assigned")
    new = webhooks.rotate_webhook_secret(endpoint, by=alice.as_actor())
    happen(bob, "Pro")
    webhooks.deliver_due.call()
    headers, body = receiver.got[-1]
    for secret in (endpoint.shown, new):
        Webhook(secret).verify(body, headers)
    with later(days=1, minutes=1):
        happen(bob, "Eco")
        webhooks.deliver_due.call()
        headers, body = receiver.got[-1]
        assert headers["webhook-signature"].count("v1,") == 1


def test_only_the_chosen_events_of_the_own_account_are_sent(
    hook: Hook, receiver: Receiver, bob: User, mallory: User
) -> None:
    hook("license.withdrawn")
    happen(bob, "Given")
    happen(bob, "Taken", Event.LICENSE_WITHDRAWN)
    happen(mallory, "Hers", Event.LICENSE_WITHDRAWN)
    webhooks.deliver_due.call()
    assert plans(receiver) == ["Taken"]


def test_an_entry_that_is_committed_late_is_sent_too(hook: Hook, receiver: Receiver, bob: User) -> None:
    hook("license.assigned")
    late = ids.new_id()
    happen(bob, "First")
    webhooks.deliver_due.call()
    entry = happen(bob, "Late")
    # Its transaction was long under way: its key is older than what was already sent.
    copy = Entry.objects.get(pk=entry.pk)
    _replaced(copy, late)
    happen(bob, "Last")
    webhooks.deliver_due.call()
    assert sorted(plans(receiver)) == ["First", "Last", "Late"]


def _replaced(entry: Entry, key: UUID) -> None:
    Entry.objects.filter(pk=entry.pk).delete()
    entry.pk = key
    entry.save(force_insert=True)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500, 503])
def test_what_was_not_received_is_tried_again_and_what_follows_waits(
    hook: Hook, receiver: Receiver, bob: User, status: int
) -> None:
    endpoint = hook("license.assigned")
    happen(bob, "One")
    happen(bob, "Two")
    receiver.status, receiver.headers = status, {"Location": "http://127.0.0.1:1/elsewhere"}
    assert webhooks.deliver_due.call() == {"sent": 0, "failed": 1}
    assert webhooks.deliver_due.call() == {"sent": 0, "failed": 0}  # it rests
    assert plans(receiver) == ["One"]
    receiver.status, receiver.headers = 204, {}
    with later(seconds=6):
        assert webhooks.deliver_due.call() == {"sent": 2, "failed": 0}
    assert plans(receiver) == ["One", "One", "Two"]
    first, again, _two = (headers["webhook-id"] for headers, _body in receiver.got)
    assert first == again
    delivery = endpoint.deliveries.order_by("place").first()
    assert delivery is not None
    assert [attempt["status"] for attempt in delivery.log] == [status, 204]


def test_a_redirect_to_a_private_address_is_not_followed(hook: Hook, receiver: Receiver, bob: User) -> None:
    hook("license.assigned")
    happen(bob, "Pro")
    with receiving() as inside:
        receiver.status, receiver.headers = 307, {"Location": inside.url}
        webhooks.deliver_due.call()
        assert inside.got == []


def test_a_receiver_that_is_away_for_a_day_gets_everything_when_it_is_back(
    hook: Hook, receiver: Receiver, bob: User
) -> None:
    hook("license.assigned")
    receiver.status = 503
    start = clock.now()
    for hour in range(25):
        with clock.at(start + timedelta(hours=hour)):
            happen(bob, f"H{hour:02d}")
            webhooks.deliver_due.call()
    assert set(plans(receiver)) == {"H00"}
    receiver.status, receiver.got = 200, []
    with clock.at(start + timedelta(hours=26, minutes=1)):
        webhooks.deliver_due.call()
    assert plans(receiver) == [f"H{hour:02d}" for hour in range(25)]


def test_a_receiver_that_hangs_does_not_hold_up_others(
    hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, bob: User, mallory: User
) -> None:
    monkeypatch.setattr(reaching, "ANSWERS_WITHIN", 0.4)
    hook("license.assigned")
    receiver.drips = 0.05
    with receiving() as other:
        webhooks.add_webhook(mallory.account, other.url, ["license.assigned"], by=mallory.as_actor())
        happen(bob, "Hangs")
        happen(mallory, "Goes")
        began = time.monotonic()
        assert webhooks.deliver_due.call() == {"sent": 1, "failed": 1}
        assert time.monotonic() - began < 3
        assert plans(other) == ["Goes"]
    delivery = Delivery.objects.get(event="license.assigned", delivered_at=None)
    assert "did not answer within" in delivery.last["said"]


def test_gone_means_gone(hook: Hook, receiver: Receiver, alice: User, bob: User) -> None:
    """410: switched off at once; the administrators are told in a letter."""
    endpoint = hook("license.assigned")
    receiver.status = 410
    happen(bob, "Pro")
    webhooks.deliver_due.call()
    endpoint.refresh_from_db()
    assert endpoint.disabled_because == "gone"
    letter = Letter.objects.get(kind="webhook_disabled")
    assert letter.to == alice.email
    assert letter.link.endswith(f"/webhooks/{endpoint.pk}")
    with later(days=1):
        happen(bob, "Eco")
        assert webhooks.deliver_due.call() == {"sent": 0, "failed": 0}


def test_after_five_days_it_is_switched_off_and_goes_on_where_it_stopped(
    hook: Hook, receiver: Receiver, alice: User, bob: User
) -> None:
    endpoint = hook("license.assigned")
    receiver.status = 500
    happen(bob, "Before")
    webhooks.deliver_due.call()
    with later(days=4, hours=23):
        webhooks.deliver_due.call()
        assert Endpoint.objects.enabled().exists()
    with later(days=5, hours=2):
        webhooks.deliver_due.call()
        assert not Endpoint.objects.enabled().exists()
        assert Letter.objects.filter(kind="webhook_disabled").count() == 1
        happen(bob, "Meanwhile")
    receiver.status, receiver.got = 200, []
    with later(days=6):
        webhooks.enable_webhook(endpoint, by=alice.as_actor())
        webhooks.deliver_due.call()
    assert plans(receiver) == ["Before", "Meanwhile"]


def test_a_worker_that_dies_gives_the_endpoint_back(
    hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, bob: User
) -> None:
    hook("license.assigned")
    happen(bob, "Pro")
    with monkeypatch.context() as patched:
        patched.setattr(reaching, "post", _dies)
        with pytest.raises(SystemExit):
            webhooks.deliver_due.call()
    assert webhooks.deliver_due.call() == {"sent": 0, "failed": 0}
    with later(minutes=3):
        assert webhooks.deliver_due.call() == {"sent": 1, "failed": 0}
    assert plans(receiver) == ["Pro"]


def _dies(*_given: object) -> None:
    raise SystemExit


def test_an_event_is_sent_again_with_the_same_id(
    hook: Hook, receiver: Receiver, alice: User, bob: User
) -> None:
    endpoint = hook("license.assigned")
    happen(bob, "Pro")
    webhooks.deliver_due.call()
    webhooks.replay_delivery(endpoint.deliveries.get(), by=alice.as_actor())
    webhooks.deliver_due.call()
    first, again = (headers["webhook-id"] for headers, _body in receiver.got)
    assert first == again
    assert Entry.objects.filter(event="webhook.replayed").count() == 1


def test_a_test_goes_to_the_endpoint_that_is_tested(hook: Hook, receiver: Receiver, alice: User) -> None:
    tested, other = hook("license.assigned"), hook()
    webhooks.test_webhook(tested, by=alice.as_actor())
    webhooks.deliver_due.call()
    kinds = [json.loads(body)["type"] for body in receiver.bodies]
    assert kinds.count("webhook.tested") == 1
    assert not other.deliveries.filter(event="webhook.tested").exists()


def test_a_body_is_bounded(hook: Hook, receiver: Receiver, bob: User) -> None:
    hook("license.assigned")
    happen(bob, "x" * 40_000)
    webhooks.deliver_due.call()
    (body,) = receiver.bodies
    assert len(body) < 16_384
    assert json.loads(body)["data"]["truncated"] is True


def test_a_long_answer_is_not_read_to_its_end(hook: Hook, receiver: Receiver, bob: User) -> None:
    hook("license.assigned")
    receiver.body = b"\x00<b>" + b"y" * 5_000_000
    happen(bob, "Pro")
    webhooks.deliver_due.call()
    assert len(Delivery.objects.get().last["said"]) <= 300


def test_what_was_received_long_ago_is_forgotten(hook: Hook, bob: User, aurora: Account) -> None:
    hook("license.assigned")
    happen(bob, "Pro")
    webhooks.deliver_due.call()
    webhooks.forget_deliveries()
    assert Delivery.objects.count() == 1
    with later(days=31):
        webhooks.forget_deliveries()
    assert Delivery.objects.count() == 0
