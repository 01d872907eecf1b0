"""A purchase happens once, for the amount that was shown, whoever presses what how often, and whatever the provider says."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from standardwebhooks import Webhook

from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing import providers
from valija.billing.models import Grant, LedgerEntry, Order
from valija.billing.providers import Notice, ProviderNotAvailable
from valija.billing.providers.test import bank
from valija.billing.providers.test.models import TestCharge, TestNotice, TestPayment
from valija.billing.quote import quote_cart
from valija.core import actor, clock
from valija.core.ids import new_id
from valija.journal.models import Entry
from valija.licensing.models import License, Plan
from valija.mail.models import Letter

APPROVED, DECLINED, NEVER = "4242424242424242", "4000000000000002", "4000000000000259"
at_once = pytest.mark.django_db(transaction=True)
pytestmark = [pytest.mark.database, pytest.mark.django_db]


def fill_cart(buyer: User, code: str = "pro", quantity: int = 5) -> str:
    """Put licenses into the cart; the fingerprint of what is then shown."""
    billing.add_to_cart(buyer.account, Plan.objects.get(code=code), quantity, by=buyer.as_actor())
    return quote_cart(buyer.account).fingerprint


def place(buyer: User, shown: str, key: str = "") -> Order:
    return billing.place_order(
        buyer.account, buyer, shown=shown, key=key or new_id().hex, by=buyer.as_actor()
    )


def pay(order: Order, card: str = APPROVED) -> None:
    assert order.payment.reference is not None
    bank.pay(TestPayment.objects.get(pk=order.payment.reference).pk, card)


def together(*deeds: Callable[[], Any]) -> list[Any]:
    """Do these at the same moment, each on a connection of its own; what came of each, refusals included."""
    start = Barrier(len(deeds))

    def do(deed: Callable[[], Any]) -> Any:
        try:
            start.wait(20)
            return deed()
        except Exception as refusal:  # noqa: BLE001 (looked at by the test)
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as hands:
        return list(hands.map(do, deeds))


def assert_bought_once(account: Account, licenses: int = 5) -> None:
    """Licenses, grants, money, letter and journal tell the same story."""
    assert License.objects.filter(account=account).count() == licenses
    assert Grant.objects.filter(license__account=account).count() == licenses
    assert_books_balance(account)
    assert Order.objects.paid().filter(account=account).count() == 1
    assert Letter.objects.filter(kind="order_paid", account_id=account.pk).count() == 1
    assert Entry.objects.filter(event="order.paid", account_id=account.pk).count() == 1
    assert Entry.objects.filter(event="license.added", account_id=account.pk).count() == licenses


def assert_books_balance(account: Account) -> None:
    """Every order adds up to nothing, and the provider's ledger has what ours has."""
    ours = LedgerEntry.objects.filter(account=account)
    assert all(row["sum"] == 0 for row in ours.values("order").annotate(sum=Sum("amount")))
    owed = ours.filter(book=LedgerEntry.Book.PROVIDER).values_list("order__payment__reference", "amount")
    taken = TestCharge.objects.values_list("payment_id", "amount")
    assert sorted(owed) == sorted((str(payment), amount) for payment, amount in taken)


# At the same moment


@at_once
def test_pressing_eight_times_at_once_buys_once(alice: User) -> None:
    shown, key = fill_cart(alice), new_id().hex
    orders = together(*[lambda: place(alice, shown, key)] * 8)
    assert len({order.pk for order in orders}) == 1
    assert len({order.payment.page_url for order in orders}) == 1
    together(*[lambda: pay(orders[0])] * 4)
    together(*[lambda: billing.look_after(Order.objects.get(pk=orders[0].pk), by=alice.as_actor())] * 8)
    assert_bought_once(alice.account)


@at_once
def test_two_administrators_confirm_the_same_cart_once(alice: User, carol: User) -> None:
    shown = fill_cart(alice)
    first, second = together(lambda: place(alice, shown), lambda: place(carol, shown))
    assert first.pk == second.pk
    together(lambda: pay(first), lambda: pay(second))
    billing.look_after(first, by=alice.as_actor())
    assert_bought_once(alice.account)


@at_once
def test_two_tabs_add_at_once_and_neither_is_lost(alice: User) -> None:
    together(*[lambda: fill_cart(alice, quantity=1)] * 6)
    assert alice.account.cart.get().quantity == 6


@at_once
def test_paying_and_confirming_another_cart_at_once_leaves_one_truth(alice: User) -> None:
    """Whichever comes first: the first purchase is paid, or canceled and not charged."""
    first = place(alice, fill_cart(alice))
    shown = fill_cart(alice, "eco", 1)
    _paid, second = together(lambda: pay(first), lambda: place(alice, shown))
    first = billing.look_after(Order.objects.get(pk=first.pk), by=alice.as_actor())
    charged = TestCharge.objects.count()
    if first.paid_at:
        assert isinstance(second, billing.QuoteChanged)
        assert charged == 1
        assert [line.plan.code for line in alice.account.cart.all()] == ["eco"]
    else:
        assert first.canceled_at
        assert isinstance(second, Order)
        assert charged == 0
        assert alice.account.cart.count() == 2
    assert_books_balance(alice.account)


@at_once
def test_notice_and_return_at_once_grant_once(alice: User) -> None:
    order = place(alice, fill_cart(alice))
    pay(order)
    headers, body = signed(order)
    results = together(
        *[lambda: notify(headers, body)] * 3,
        *[lambda: billing.look_after(Order.objects.get(pk=order.pk), by=alice.as_actor())] * 3,
    )
    assert [each for each in results[:3] if each is True] == [True]
    assert_bought_once(alice.account)


# One after the other


def test_the_same_window_again_after_payment_shows_the_same_purchase(alice: User) -> None:
    shown, key = fill_cart(alice), new_id().hex
    order = place(alice, shown, key)
    pay(order)
    billing.look_after(order, by=alice.as_actor())
    assert place(alice, shown, key).pk == order.pk
    with pytest.raises(billing.EmptyCart):
        place(alice, shown)  # a second tab
    assert_bought_once(alice.account)


def test_another_cart_closes_the_payment_page_that_was_open(alice: User) -> None:
    first = place(alice, fill_cart(alice))
    second = place(alice, fill_cart(alice, "eco", 1))
    pay(first)
    first.refresh_from_db()
    assert first.canceled_at
    assert not TestCharge.objects.exists()
    pay(second)
    billing.look_after(second, by=alice.as_actor())
    assert_bought_once(alice.account, 6)


def test_the_key_of_a_canceled_purchase_can_confirm_again(alice: User) -> None:
    shown, key = fill_cart(alice), new_id().hex
    first = place(alice, shown, key)
    eco = fill_cart(alice, "eco", 1)
    place(alice, eco)
    billing.remove_from_cart(alice.account, alice.account.cart.get(plan__code="eco"), by=alice.as_actor())
    again = place(alice, shown, key)
    assert again.pk != first.pk
    assert place(alice, shown, key).pk == again.pk


def test_what_was_added_while_paying_stays_in_the_cart(alice: User) -> None:
    order = place(alice, fill_cart(alice))
    fill_cart(alice, quantity=2)
    fill_cart(alice, "eco", 1)
    pay(order)
    billing.look_after(order, by=alice.as_actor())
    assert dict(alice.account.cart.values_list("plan__code", "quantity")) == {"pro": 2, "eco": 1}


def test_the_price_paid_is_the_one_shown(alice: User) -> None:
    order = place(alice, fill_cart(alice))
    Plan.objects.get(code="pro").prices.update(amount=1)
    pay(order)
    order = billing.look_after(order, by=alice.as_actor())
    assert TestCharge.objects.get().amount == order.total == 798_60


def test_a_refused_card_is_told_once_and_leaves_the_cart(alice: User) -> None:
    order = place(alice, fill_cart(alice))
    pay(order, DECLINED)
    for _look in range(3):
        billing.look_after(Order.objects.get(pk=order.pk), by=alice.as_actor())
    assert Entry.objects.filter(event="payment.refused").count() == 1
    assert alice.account.cart.get().quantity == 5
    assert not License.objects.filter(account=alice.account).exists()


def test_a_provider_that_cannot_be_reached_costs_nothing(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purchase stays open without a page, and the next press opens it."""

    def unreachable(*_: object) -> None:
        raise ProviderNotAvailable

    shown, key = fill_cart(alice), new_id().hex
    with monkeypatch.context() as patch:
        patch.setattr(type(providers.provider()), "start", unreachable)
        with pytest.raises(ProviderNotAvailable):
            place(alice, shown, key)
    order = place(alice, shown, key)
    assert order.payment.page_url
    assert Order.objects.count() == TestPayment.objects.count() == 1


# By itself


def test_a_lost_notice_is_made_good_by_the_clock(alice: User) -> None:
    pay(place(alice, fill_cart(alice)))
    billing.look_after_open_orders.call()
    assert_bought_once(alice.account)


def test_an_abandoned_purchase_is_closed_after_a_day(alice: User) -> None:
    order = place(alice, fill_cart(alice))
    Order.objects.update(placed_at=clock.now() - timedelta(days=1, minutes=1))
    billing.look_after_open_orders.call()
    pay(order)
    order.refresh_from_db()
    assert order.canceled_at
    assert not TestCharge.objects.exists()
    assert alice.account.cart.get().quantity == 5


def test_a_slow_bank_answers_when_it_is_asked(alice: User) -> None:
    order = place(alice, fill_cart(alice))
    pay(order, "4000000000000077")
    assert billing.look_after(order, by=alice.as_actor()).standing == "processing"
    TestPayment.objects.update(answer_at=clock.now())
    assert billing.look_after(order, by=alice.as_actor()).standing == "paid"
    assert_bought_once(alice.account)


def test_a_bank_that_never_answered_refuses_in_the_end(alice: User) -> None:
    order = place(alice, fill_cart(alice))
    pay(order, NEVER)
    with pytest.raises(billing.PaymentUnderWay):
        place(alice, fill_cart(alice, "eco", 1))
    TestPayment.objects.update(answer_at=clock.now())
    order = billing.look_after(order, by=alice.as_actor())
    assert (order.standing, order.payment.reason) == ("refused", "no_answer")


def test_another_amount_than_was_ordered_grants_nothing(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    order = place(alice, fill_cart(alice))
    pay(order)
    genuine = bank.look
    monkeypatch.setattr(bank, "look", lambda reference: replace(genuine(reference), amount=1))
    with pytest.raises(billing.AmountDiffers):
        billing.look_after(order, by=alice.as_actor())
    order.refresh_from_db()
    assert order.paid_at is None
    assert not License.objects.exists()


# Notices


def signed(
    order: Order, identity: str = "msg_1", kind: str = "payment.succeeded"
) -> tuple[dict[str, str], bytes]:
    """A notice as the provider signs it, by the package that others use."""
    body = json.dumps({"type": kind, "payment": order.payment.reference})
    now = clock.now()
    signature = Webhook(bank.notice_secret()).sign(identity, now, body)
    headers = {
        "webhook-id": identity,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    return headers, body.encode()


def notify(headers: dict[str, str], body: bytes) -> bool:
    return billing.receive_notice("test", headers, body, by=actor.clock())


def post(client: Client, headers: dict[str, str], body: bytes) -> int:
    return client.post(
        "/webhooks/payments/test", body, content_type="application/json", headers=headers
    ).status_code


def test_a_notice_before_the_return_buys_and_repeated_changes_nothing(alice: User, client: Client) -> None:
    order = place(alice, fill_cart(alice))
    pay(order)
    notice = signed(order)
    assert [post(client, *notice) for _time in range(3)] == [204] * 3
    assert_bought_once(alice.account)
    billing.look_after(Order.objects.get(pk=order.pk), by=alice.as_actor())
    assert_bought_once(alice.account)


def test_a_notice_that_claims_a_payment_is_not_believed(alice: User, client: Client) -> None:
    """Signed, but early or mistaken: how the payment stands is asked."""
    order = place(alice, fill_cart(alice))
    assert post(client, *signed(order)) == 204
    order.refresh_from_db()
    assert order.paid_at is None
    # The true one comes afterwards, under its own name; an old refusal comes last.
    pay(order)
    assert post(client, *signed(order, "msg_2")) == 204
    assert post(client, *signed(order, "msg_3", "payment.failed")) == 204
    assert_bought_once(alice.account)


def test_a_forged_or_old_notice_is_refused(alice: User, client: Client) -> None:
    order = place(alice, fill_cart(alice))
    pay(order)
    headers, body = signed(order)
    old = str(int(headers["webhook-timestamp"]) - 3600)
    forged = [
        ({**headers, "webhook-signature": "v1,AAAA"}, body),
        ({**headers, "webhook-timestamp": old}, body),
        ({**headers, "webhook-id": "msg_9"}, body),
        (headers, body + b" "),
        ({}, body),
    ]
    assert [post(client, *notice) for notice in forged] == [400] * len(forged)
    order.refresh_from_db()
    assert order.paid_at is None


def test_a_notice_of_an_unknown_payment_changes_nothing(alice: User, client: Client) -> None:
    order = place(alice, fill_cart(alice))
    order.payment.reference = str(new_id())
    assert post(client, *signed(order)) == 204
    assert not License.objects.exists()


def test_what_the_provider_posts_is_what_we_read(alice: User) -> None:
    order = place(alice, fill_cart(alice))
    pay(order)
    notice = TestNotice.objects.get()
    headers, body = signed(order, f"msg_{notice.pk.hex}", notice.kind)
    assert providers.provider().read_notice(headers, body) == Notice(
        f"msg_{notice.pk.hex}", str(notice.payment_id)
    )
