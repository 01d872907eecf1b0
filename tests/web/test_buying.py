"""Buying, as a browser sees it: plans, cart, confirmation, the card page and the way back."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing.models import CartLine, Order
from valija.billing.providers.test.models import TestCharge, TestPayment
from valija.core import clock
from valija.licensing.models import License, Plan, Price

pytestmark = [pytest.mark.database, pytest.mark.django_db]
APPROVED = "4242 4242 4242 4242"


@pytest.fixture
def browser(alice: User, signed_in: Callable[..., Client]) -> Client:
    """Alice, who reads English here."""
    User.objects.filter(pk=alice.pk).update(language="en")
    alice.refresh_from_db()
    return signed_in(alice)


def page(answer: Any) -> str:
    """The words of a page, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def add(browser: Client, plan: str = "pro", quantity: object = 5, **more: object) -> Any:
    return browser.post(
        "/cart/add", {"plan": plan, "quantity": quantity, "interval": "year", "for": "person", **more}
    )


def window(browser: Client) -> dict[str, str]:
    """What the confirm window sends, ticked."""
    html = browser.get("/purchases/confirm").content.decode()
    values = {name: re.search(rf'name="{name}" value="([^"]+)"', html) for name in ("fingerprint", "key")}
    return {name: found[1] for name, found in values.items() if found} | {"agreed": "on"}


def place(browser: Client, **more: str) -> Any:
    return browser.post("/purchases/place", window(browser) | more)


def local(address: str) -> str:
    return re.sub(r"^https?://[^/]+", "", address)


def card(number: str) -> dict[str, str]:
    """What is typed on the card page."""
    return {"number": number, "expiry": "12/30", "cvc": "123", "name": "Alice"}


def buy_with(browser: Client, number: str) -> Any:
    """Confirm the cart, pay by card and follow the way back."""
    till = local(place(browser)["Location"])
    answer = browser.post(till, card(number))
    return browser.get(local(answer["Location"]), follow=True) if answer.status_code == 302 else answer


# The page


def test_the_plans_are_shown_by_kind_with_their_prices(browser: Client) -> None:
    words = page(browser.get("/licenses"))
    assert "€132.00" in words
    assert "Max" in words  # on request
    assert "Pro Shared" not in words
    assert "Pro Shared" in page(browser.get("/licenses?for=shared"))
    assert "€13.20" in page(browser.get("/licenses?interval=month"))


def test_an_empty_cart_says_what_to_do(browser: Client) -> None:
    assert "Choose a plan and press “Add”." in page(browser.get("/licenses"))


def test_the_cost_in_queries_does_not_grow(
    browser: Client, aurora: Account, buy: Callable[..., Order]
) -> None:
    buy(aurora, "pro", 3)
    add(browser)
    numbers = []
    for more in (0, 297):
        if more:
            buy(aurora, "advanced", more)
            add(browser, quantity=1)
        browser.get("/licenses")  # messages are read once
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get("/licenses")
        numbers.append(len(queries))
    assert numbers[1] == numbers[0] <= 17


# The cart


def test_the_same_plan_merges_and_lines_are_changed_and_removed(browser: Client, aurora: Account) -> None:
    add(browser, quantity=2)
    add(browser, quantity=3)
    add(browser, "eco", 1)
    line = aurora.cart.get(plan__code="pro")
    assert line.quantity == 5
    browser.post(f"/cart/{line.pk}/change", {"quantity": "7"})
    assert aurora.cart.get(pk=line.pk).quantity == 7
    for _twice in range(2):
        assert browser.post(f"/cart/{line.pk}/remove").status_code == 302
    assert list(aurora.cart.values_list("plan__code", "quantity")) == [("eco", 1)]


def test_the_cart_survives_signing_out(
    browser: Client, alice: User, signed_in: Callable[..., Client]
) -> None:
    add(browser)
    browser.post("/sign-out")
    assert "To pay today" in page(signed_in(alice).get("/licenses"))


@pytest.mark.parametrize("typed", ["0", "-1", "10000", "many", "", "²", "1.5"])
def test_a_number_that_cannot_be_bought_is_told_and_stays(
    browser: Client, aurora: Account, typed: str
) -> None:
    answer = add(browser, quantity=typed)
    assert answer.status_code == 422
    assert "Enter a whole number from 1 to 500." in page(answer)
    assert f'value="{typed}"' in answer.content.decode()
    assert not aurora.cart.exists()


def test_a_line_keeps_its_number_when_the_new_one_is_refused(browser: Client, aurora: Account) -> None:
    add(browser)
    line = aurora.cart.get()
    assert browser.post(f"/cart/{line.pk}/change", {"quantity": "0"}).status_code == 422
    assert aurora.cart.get().quantity == 5


def test_a_refused_form_leaves_working_links(browser: Client) -> None:
    """The page then stands under the form's address, where nothing can be fetched."""
    html = add(browser, quantity="0").content.decode()
    assert 'href="?' not in html
    assert 'name="next" value="/cart' not in html


def test_a_plan_withdrawn_meanwhile_is_named_and_can_be_removed(browser: Client, aurora: Account) -> None:
    add(browser)
    add(browser, "eco", 1)
    Plan.objects.filter(code="pro").update(withdrawn_at=clock.now())
    words = page(browser.get("/licenses"))
    assert "Pro is no longer sold." in words
    assert "Confirm my purchases" not in words
    answer = browser.get("/purchases/confirm", follow=True)
    assert answer.status_code == 200
    assert "Pro is no longer sold." in page(answer)
    assert add(browser).status_code == 409
    browser.post(f"/cart/{aurora.cart.get(plan__code='pro').pk}/remove")
    assert "Confirm my purchases" in page(browser.get("/licenses"))


def test_where_taxes_are_not_known_the_page_still_shows_everything(
    browser: Client, aurora: Account, buy: Callable[..., Order]
) -> None:
    buy(aurora, "eco", 2)
    add(browser)
    Account.objects.filter(pk=aurora.pk).update(country="CA", region="YT")
    answer = browser.get("/licenses")
    assert answer.status_code == 200
    words = page(answer)
    assert "We do not know the taxes of your region (CA-YT)." in words
    assert "Remove" in words
    assert "Confirm my purchases" not in words


# Confirming


def test_the_window_says_what_is_due_and_what_the_renewal_costs(browser: Client) -> None:
    add(browser)
    words = page(browser.get("/purchases/confirm"))
    assert "€660.00" in words  # before taxes
    assert "IVA, 21%" in words or "21%" in words
    assert words.count("€798.60") >= 2  # due now, and at the renewal
    assert "checked" not in browser.get("/purchases/confirm").content.decode()


def test_without_the_tick_nothing_is_bought_and_nothing_is_lost(browser: Client, aurora: Account) -> None:
    add(browser)
    answer = place(browser, agreed="")
    assert answer.status_code == 422
    assert "Please tick that you agree." in page(answer)
    assert not aurora.orders.exists()


def test_a_price_changed_meanwhile_is_told_and_asked_again(browser: Client, aurora: Account) -> None:
    add(browser)
    sent = window(browser)
    Price.objects.current().filter(plan__code="pro").update(amount=200_00)
    answer = browser.post("/purchases/place", sent)
    assert answer.status_code == 409
    words = page(answer)
    assert "it is now €1,210.00" in words
    assert "Proceed to purchase" in words
    assert not aurora.orders.exists()
    assert place(browser).status_code == 302


def test_an_emptied_cart_is_told(browser: Client, aurora: Account) -> None:
    add(browser)
    sent = window(browser)
    aurora.cart.all().delete()
    answer = browser.post("/purchases/place", sent)
    assert answer.status_code == 409
    assert "Your cart is empty." in page(answer)
    assert "Your cart is empty." in page(browser.get("/purchases/confirm", follow=True))


def test_a_plan_withdrawn_while_confirming_is_told_beside_the_cart(browser: Client, aurora: Account) -> None:
    add(browser)
    sent = window(browser)
    Plan.objects.filter(code="pro").update(withdrawn_at=clock.now())
    answer = browser.post("/purchases/place", sent)
    assert answer.status_code == 409
    assert "Pro is no longer sold." in page(answer)
    assert "Remove" in page(answer)
    assert not aurora.orders.exists()


# Paying


def test_paid_licenses_are_in_the_pool(browser: Client, aurora: Account) -> None:
    add(browser)
    words = page(buy_with(browser, APPROVED))
    assert "5 Pro: the licenses are available" in words
    assert "User management" in words
    assert License.objects.filter(account=aurora).available().count() == 5
    assert not aurora.cart.exists()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("4000 0000 0000 0002", "the bank declined the card"),
        ("4000 0000 0000 9995", "there is not enough money on the card"),
        ("1234", "the card's number, date or code is not valid"),
    ],
)
def test_a_refused_card_says_why_and_leaves_the_cart(
    browser: Client, aurora: Account, number: str, reason: str
) -> None:
    add(browser)
    answer = buy_with(browser, number)
    assert answer.status_code == 422
    assert reason in page(answer).replace("&#x27;", "'")
    assert aurora.cart.get().quantity == 5
    order = aurora.orders.get()
    back = page(browser.get(f"/purchases/{order.pk}/return", follow=True)).replace("&#x27;", "'")
    assert f"Nothing was charged: {reason}." in back
    assert not TestCharge.objects.exists()
    # The same page takes another card.
    browser.post(local(order.payment.page_url), card(APPROVED))
    browser.get(f"/purchases/{order.pk}/return")
    assert License.objects.filter(account=aurora).count() == 5


def test_the_bank_asks_and_a_second_press_is_not_a_consent(browser: Client, aurora: Account) -> None:
    add(browser)
    till = local(place(browser)["Location"])
    for _twice in range(2):
        answer = browser.post(till, card("4000000000003220"))
        assert "Your bank asks for confirmation" in page(answer)
    assert not TestCharge.objects.exists()
    answer = browser.post(f"{till}/confirm", {"refuse": "1"})
    assert "the payment was not confirmed with the bank" in page(answer)
    browser.post(till, card("4000000000003220"))
    answer = browser.post(f"{till}/confirm", {"agree": "1"})
    assert "5 Pro" in page(browser.get(local(answer["Location"]), follow=True))


def test_a_bank_that_never_answers_is_waited_for_on_a_page_that_looks_again(
    browser: Client, aurora: Account
) -> None:
    add(browser)
    answer = buy_with(browser, "4000000000000259")
    assert answer.status_code == 202
    assert "Waiting for the bank" in page(answer)
    assert 'http-equiv="refresh"' in answer.content.decode()
    # Another purchase has to wait, and says so.
    add(browser, quantity=1)
    refused = place(browser)
    assert refused.status_code == 409
    assert "is with the bank at the moment" in page(refused)


def test_a_double_press_a_refresh_and_the_back_button_buy_once(browser: Client, aurora: Account) -> None:
    add(browser)
    sent = window(browser)
    tills = {browser.post("/purchases/place", sent)["Location"] for _press in range(3)}
    assert len(tills) == 1
    till = local(tills.pop())
    returns = [local(browser.post(till, card(APPROVED))["Location"]) for _press in range(2)]
    for address in returns * 2:
        browser.get(address)
    browser.post("/purchases/place", sent)  # back to the window, and again
    assert browser.get(till).status_code == 302
    assert TestCharge.objects.count() == 1
    assert License.objects.filter(account=aurora).count() == 5


def test_the_purchases_are_listed_and_show_their_lines(browser: Client, aurora: Account) -> None:
    add(browser)
    buy_with(browser, APPROVED)
    order = aurora.orders.get()
    assert order.number in page(browser.get("/purchases"))
    words = page(browser.get(f"/purchases/{order.pk}"))
    assert "5" in words
    assert "€798.60" in words
    assert "How the amount was computed" in words
    assert "5 × €132.00" in words
    assert "IVA, 21%" in words


# Who may


def test_carol_of_billing_may_buy(carol: User, aurora: Account, signed_in: Callable[..., Client]) -> None:
    browser = signed_in(carol)
    add(browser)
    buy_with(browser, APPROVED)
    assert License.objects.filter(account=aurora).count() == 5


def test_bob_is_told_that_his_role_does_not_include_buying(
    bob: User, signed_in: Callable[..., Client]
) -> None:
    browser = signed_in(bob)
    for address in ("/licenses", "/purchases", "/purchases/confirm"):
        answer = browser.get(address)
        assert answer.status_code == 403
        assert 'href="/' in answer.content.decode()  # a way out
    assert add(browser).status_code == 403
    assert not CartLine.objects.exists()


def test_mallory_finds_nothing_of_auroras(
    browser: Client, aurora: Account, mallory: User, signed_in: Callable[..., Client]
) -> None:
    add(browser)
    line = aurora.cart.get()
    place(browser)
    order = aurora.orders.get()
    stranger = signed_in(mallory)
    for address in (f"/purchases/{order.pk}", f"/purchases/{order.pk}/return"):
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"/cart/{line.pk}/change", {"quantity": 1}).status_code == 404
    stranger.post(f"/cart/{line.pk}/remove")
    assert aurora.cart.get().quantity == 5
    assert billing.look_after(order, by=mallory.as_actor()).paid_at is None


# The waiting page


def test_the_waiting_page_asks_by_itself_and_sends_the_whole_browser_on(browser: Client) -> None:
    add(browser)
    till = local(place(browser)["Location"])
    back = local(browser.post(till, card("4000000000000077"))["Location"])
    waiting = browser.get(back)
    assert waiting.status_code == 202
    assert f'hx-get="{back}"' in waiting.content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting.content.decode()
    TestPayment.objects.update(answer_at=clock.now())
    asked = browser.get(back, headers={"HX-Request": "true"})
    assert asked.headers["HX-Redirect"] == "/licenses"
