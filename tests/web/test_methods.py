"""The payment method: a card stored, replaced and forgotten on its page, and by programs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.web.test_buying import local
from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing.models import Order, PaymentMethod
from valija.billing.providers.test.models import TestCharge

SignedIn = Callable[..., Client]
CARD = {"number": "4242 4242 4242 4242", "expiry": "12/30", "cvc": "123", "name": "Carol"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(carol: User, signed_in: SignedIn) -> Client:
    """Carol, in English."""
    return signed_in(carol, accept_language="en")


def page(answer: Any) -> str:
    return str(answer.content.decode())


def store(browser: Client, **typed: str) -> Any:
    till = local(browser.post("/payment-method/store")["Location"])
    answer = browser.post(till, CARD | typed)
    return browser.get(local(answer["Location"]), follow=True) if answer.status_code == 302 else answer


def test_carol_stores_a_card_and_sees_its_last_digits_alone(browser: Client, aurora: Account) -> None:
    assert "/payment-method/store" in page(browser.get("/payment-method"))
    words = page(store(browser))
    assert "•••• 4242" in words
    assert "4242 4242" not in words
    assert not TestCharge.objects.exists()


def test_a_card_that_is_none_is_told_and_not_stored(browser: Client) -> None:
    for wrong in (
        {"number": "4242"},
        {"expiry": "13/30"},
        {"expiry": "12/20"},
        {"expiry": ""},
        {"cvc": "12"},
        {"cvc": "abc"},
        {"cvc": "١٢٣"},
    ):
        answer = store(browser, **wrong)
        assert answer.status_code == 422, wrong
    assert not PaymentMethod.objects.exists()


def test_coming_back_without_storing_changes_nothing(browser: Client, carol: User) -> None:
    store(browser)
    pending = billing.store_method(carol.account, carol, by=carol.as_actor())
    answer = browser.get(f"/payment-method/{pending.pk}/return", follow=True)
    assert "•••• 4242" in page(answer)


def test_the_bank_may_ask_before_a_card_is_stored(browser: Client, carol: User) -> None:
    till = local(browser.post("/payment-method/store")["Location"])
    browser.post(till, CARD | {"number": "4000000000003220"})
    assert not PaymentMethod.objects.exists()
    back = browser.post(f"{till}/confirm", {"agree": "1"})
    assert "•••• 3220" in page(browser.get(local(back["Location"]), follow=True))


def test_a_card_is_forgotten_once(browser: Client) -> None:
    store(browser)
    for _press in range(2):
        assert browser.post("/payment-method/forget").status_code == 302
    assert "•••• 4242" not in page(browser.get("/payment-method"))


def test_an_expired_card_is_pointed_out(browser: Client) -> None:
    store(browser)
    PaymentMethod.objects.update(expires_on="2020-01-31")
    assert "status--stop" in page(browser.get("/payment-method"))


def test_mallory_cannot_come_back_from_carols_page(
    carol: User, mallory: User, bob: User, signed_in: SignedIn
) -> None:
    pending = billing.store_method(carol.account, carol, by=carol.as_actor())
    assert signed_in(mallory).get(f"/payment-method/{pending.pk}/return").status_code == 404
    assert signed_in(bob).get("/payment-method").status_code == 403
    assert signed_in(bob).post("/payment-method/forget").status_code == 403


def test_paying_stores_the_card_for_renewals(
    aurora: Account, buy: Callable[..., Order], browser: Client
) -> None:
    buy(aurora, "pro", 1)
    assert "•••• 4242" in page(browser.get("/payment-method"))
