"""The same Idempotency-Key does a thing once, whatever the network does."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from tests.api.conftest import Program
from tests.api.test_errors import refused
from valija.accounts.models import Account, User
from valija.api import operations as api
from valija.api.models import KeyedRequest
from valija.billing.models import CartLine, Order
from valija.billing.providers import ProviderNotAvailable
from valija.billing.providers.test import provider
from valija.core import clock
from valija.journal.models import Entry
from valija.licensing.models import License
from valija.mail.models import Letter

pytestmark = pytest.mark.database
KEY = {"Idempotency_Key": "0199a0e4-7c3e-7d5a-9a51-3b7b2f0a1c9d"}
PRO = {"plan": "pro"}


def test_the_same_request_is_answered_alike_and_done_once(
    payroll: Program, aurora: Account, bob: User, buy: Callable[..., Any]
) -> None:
    buy(aurora, "pro", 2)
    first = payroll.post(f"/users/{bob.pk}/license", PRO, **KEY)
    again = payroll.post(f"/users/{bob.pk}/license", PRO, **KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert License.objects.assigned().count() == 1
    assert Letter.objects.filter(kind="license_assigned").count() == 1
    assert Entry.objects.filter(event="license.assigned").count() == 1


def test_without_a_key_the_second_request_is_another_one(payroll: Program) -> None:
    line = {"plan": "pro", "quantity": 2}
    payroll.post("/cart/lines", line)
    assert payroll.post("/cart/lines", line).json()["quantity"] == 4


def test_the_same_key_with_another_body_address_or_token_is_refused(
    payroll: Program, alice: User, bob: User, program: Callable[..., Program]
) -> None:
    payroll.post("/cart/lines", {"plan": "pro", "quantity": 2}, **KEY)
    reused = "idempotency_key_reused"
    refused(payroll.post("/cart/lines", {"plan": "pro", "quantity": 3}, **KEY), 409, reused)
    refused(payroll.post("/domains", {"name": "aurora.test"}, **KEY), 409, reused)
    refused(program(alice).post("/cart/lines", {"plan": "pro", "quantity": 2}, **KEY), 409, reused)
    assert CartLine.objects.get().quantity == 2


def test_accounts_do_not_share_keys(payroll: Program, mallory: User, program: Callable[..., Program]) -> None:
    line = {"plan": "pro", "quantity": 2}
    assert payroll.post("/cart/lines", line, **KEY).status_code == 201
    hers = program(mallory).post("/cart/lines", line, **KEY)
    assert "Idempotency-Replayed" not in hers.headers
    assert CartLine.objects.count() == 2


def test_a_refusal_is_not_kept_so_the_request_can_be_made_again(
    payroll: Program, aurora: Account, bob: User, buy: Callable[..., Any]
) -> None:
    refused(payroll.post(f"/users/{bob.pk}/license", PRO, **KEY), 409, "no_license_available")
    assert not KeyedRequest.objects.exists()
    buy(aurora, "pro", 1)
    assert payroll.post(f"/users/{bob.pk}/license", PRO, **KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "ñ", "x" * 256])
def test_a_key_that_is_none(payroll: Program, key: str) -> None:
    answer = payroll.post("/cart/lines", {"plan": "pro", "quantity": 2}, Idempotency_Key=key)
    refused(answer, 422, "idempotency_key_not_valid")


def test_an_answer_without_a_body_is_kept_too(
    payroll: Program, aurora: Account, bob: User, buy: Callable[..., Any]
) -> None:
    buy(aurora, "pro", 1)
    payroll.post(f"/users/{bob.pk}/license", PRO)
    for _time in range(2):
        assert payroll.post(f"/users/{bob.pk}/license/activation", **KEY).status_code == 204
    assert Entry.objects.filter(event="activation.sent").count() == 1


# Buying


def a_cart(payroll: Program) -> dict[str, Any]:
    payroll.post("/cart/lines", {"plan": "pro", "quantity": 2})
    quote = payroll.get("/quote").json()
    return {"total": quote["total"], "currency": quote["currency"]}


def test_a_purchase_is_made_once(payroll: Program) -> None:
    accepted = a_cart(payroll)
    answers = [payroll.post("/orders", accepted, **KEY) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Order.objects.count() == 1


def test_a_purchase_whose_answer_was_lost_is_found_again(
    payroll: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the purchase and the keeping of its answer."""
    accepted = a_cart(payroll)
    with monkeypatch.context() as broken:
        broken.setattr(api, "keep_answer", lambda *args: 1 / 0)
        refused(payroll.post("/orders", accepted, **KEY), 500, "server_error")
    [order] = Order.objects.all()

    again = payroll.post("/orders", accepted, **KEY)

    assert (again.status_code, again.json()["id"]) == (201, str(order.pk))
    assert Order.objects.count() == 1


def test_a_payment_page_that_cannot_be_opened_is_opened_the_next_time(
    payroll: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = a_cart(payroll)

    def away(charge: object) -> None:
        raise ProviderNotAvailable

    with monkeypatch.context() as broken:
        broken.setattr(provider.PROVIDER, "start", away)
        answer = payroll.post("/orders", accepted, **KEY)
        refused(answer, 503, "payment_provider_not_available")
        assert answer.headers["Retry-After"]
    again = payroll.post("/orders", accepted, **KEY)
    assert again.status_code == 201
    assert again.json()["payment_page"]
    assert Order.objects.count() == 1


# At once


def at_once(*requests: Callable[[], Any]) -> list[Any]:
    """Each request on a thread, and a connection, of its own."""
    gate, answers = threading.Barrier(len(requests)), [None] * len(requests)

    def run(number: int, request: Callable[[], Any]) -> None:
        try:
            gate.wait()
            answers[number] = request()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_two_requests_with_one_key_at_once_do_it_once(
    payroll: Program, aurora: Account, bob: User, buy: Callable[..., Any]
) -> None:
    buy(aurora, "pro", 8)
    answers = at_once(*[lambda: payroll.post(f"/users/{bob.pk}/license", PRO, **KEY)] * 8)
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len([answer for answer in answers if "Idempotency-Replayed" not in answer.headers]) == 1
    assert License.objects.assigned().count() == 1
    assert Letter.objects.filter(kind="license_assigned").count() == 1


@pytest.mark.django_db(transaction=True)
def test_licenses_added_to_the_cart_at_once_with_one_key_are_added_once(payroll: Program) -> None:
    line = {"plan": "pro", "quantity": 2}
    answers = at_once(*[lambda: payroll.post("/cart/lines", line, **KEY)] * 8)
    assert {answer.status_code for answer in answers} == {201}
    assert CartLine.objects.get().quantity == 2


@pytest.mark.django_db(transaction=True)
def test_purchases_at_once_with_one_key_are_one(payroll: Program) -> None:
    accepted = a_cart(payroll)
    answers = at_once(*[lambda: payroll.post("/orders", accepted, **KEY)] * 8)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Order.objects.count() == 1


# Later


def test_keys_are_forgotten_after_a_day(payroll: Program) -> None:
    line = {"plan": "pro", "quantity": 2}
    payroll.post("/cart/lines", line, **KEY)
    payroll.post("/cart/lines", line, Idempotency_Key="younger")
    old = clock.now() - timedelta(hours=24, seconds=1)
    KeyedRequest.objects.filter(key=KEY["Idempotency_Key"]).update(created_at=old)

    assert api.forget_keyed_requests.func() == 1

    assert [request.key for request in KeyedRequest.objects.all()] == ["younger"]
