"""Webhooks as pages: added, tested, changed, their secret shown once, their log read, events sent again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from standardwebhooks import Webhook

from tests.webhooks.receiver import Receiver, receiving
from valija.accounts.models import User
from valija.webhooks import operations as webhooks
from valija.webhooks.models import Delivery, Endpoint

pytestmark = [pytest.mark.database, pytest.mark.django_db]

SignedIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def portal(signed_in: SignedIn, alice: User) -> Client:
    User.objects.filter(pk=alice.pk).update(language="en")
    alice.refresh_from_db()
    return signed_in(alice)


def added(portal: Client, receiver: Receiver, *events: str) -> Endpoint:
    answer = portal.post("/webhooks/add", {"url": receiver.url, "events": list(events)})
    assert answer.status_code == 302, answer.content.decode()
    return Endpoint.objects.get()


def test_from_nothing_to_a_received_event(portal: Client, receiver: Receiver) -> None:
    assert "No webhook yet" in portal.get("/webhooks").content.decode()
    endpoint = added(portal, receiver, "webhook.tested")
    page = portal.get(f"/webhooks/{endpoint.pk}").content.decode()
    secret = page.partition('value="whsec_')[2].partition('"')[0]
    assert "whsec_" not in portal.get(f"/webhooks/{endpoint.pk}").content.decode()  # shown this once
    portal.post(f"/webhooks/{endpoint.pk}/test")
    assert "Waiting" in portal.get(f"/webhooks/{endpoint.pk}").content.decode()
    webhooks.deliver_due.call()
    headers, body = receiver.got[-1]
    assert Webhook(f"whsec_{secret}").verify(body, headers)["type"] == "webhook.tested"
    page = portal.get(f"/webhooks/{endpoint.pk}").content.decode()
    for words in ("Received", "HTTP 200", "thank you", "webhook.tested"):
        assert words in page


def test_an_address_that_is_refused_stays_typed_beside_the_reason(portal: Client) -> None:
    answer = portal.post("/webhooks/add", {"url": "https://10.0.0.1/x", "events": ["license.assigned"]})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="https://10.0.0.1/x"' in page
    assert 'aria-invalid="true"' in page
    assert 'value="license.assigned" id="event_license.assigned" checked' in page


def test_it_is_changed_switched_off_and_on_and_removed(portal: Client, receiver: Receiver) -> None:
    endpoint = added(portal, receiver)
    where = f"/webhooks/{endpoint.pk}"
    portal.post(f"{where}/change", {"url": "http://127.0.0.1:1/else", "events": ["order.paid"]})
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.events) == ("http://127.0.0.1:1/else", ["order.paid"])
    portal.post(f"{where}/disable")
    page = portal.get(where).content.decode()
    assert "Switched off: somebody switched it off" in page
    assert portal.post(f"{where}/test").status_code == 409
    portal.post(f"{where}/enable")
    portal.post(f"{where}/secret")
    page = portal.get(where).content.decode()
    assert "whsec_" in page
    assert "carries two signatures" in page
    portal.post(f"{where}/remove")
    assert portal.get(where).status_code == 404


def test_an_event_is_sent_again_from_the_log(portal: Client, receiver: Receiver) -> None:
    endpoint = added(portal, receiver)
    portal.post(f"/webhooks/{endpoint.pk}/test")
    webhooks.deliver_due.call()
    delivery = Delivery.objects.get(event="webhook.tested")
    portal.post(f"/webhooks/{endpoint.pk}/deliveries/{delivery.pk}/replay")
    webhooks.deliver_due.call()
    ids = [headers["webhook-id"] for headers, _body in receiver.got]
    assert ids.count(f"msg_{delivery.entry_id.hex}") == 2


def test_what_a_receiver_answers_is_shown_as_text(portal: Client, receiver: Receiver) -> None:
    endpoint = added(portal, receiver)
    receiver.status, receiver.body = 500, b"<script>alert(1)</script>"
    portal.post(f"/webhooks/{endpoint.pk}/test")
    webhooks.deliver_due.call()
    page = portal.get(f"/webhooks/{endpoint.pk}").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "Not answering" in page


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("carol", 403), ("mallory", 404)])
def test_others_neither_see_nor_change_it(
    signed_in: SignedIn, cast: Any, receiver: Receiver, who: str, status: int
) -> None:
    endpoint, _secret = webhooks.add_webhook(cast.aurora, receiver.url, by=cast.alice.as_actor())
    browser = signed_in(getattr(cast, who))
    assert browser.get(f"/webhooks/{endpoint.pk}").status_code == status
    for act in ("change", "remove", "secret", "test", "disable", "enable"):
        assert browser.post(f"/webhooks/{endpoint.pk}/{act}").status_code == status
    assert Endpoint.objects.enabled().filter(pk=endpoint.pk).exists()


def test_the_log_costs_the_same_at_any_length(
    portal: Client, receiver: Receiver, django_assert_max_num_queries: Any
) -> None:
    endpoint = added(portal, receiver)
    for _test in range(30):
        portal.post(f"/webhooks/{endpoint.pk}/test")
    portal.get(f"/webhooks/{endpoint.pk}")  # the secret was shown
    with django_assert_max_num_queries(6):
        portal.get(f"/webhooks/{endpoint.pk}")
