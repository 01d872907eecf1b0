"""A renewal that is refused is announced, tried again and forgiven for a while; paying restores everything, once."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.billing.acts import (
    APPROVED,
    DECLINED_LATER,
    all_that_is_due,
    at_noon,
    bought,
    days_go_by,
    letters,
    paid,
    subscription,
)
from tests.billing.test_exactly_once import assert_books_balance, at_once, together
from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing.models import Order, PaymentMethod
from valija.billing.providers.test import bank
from valija.billing.providers.test.models import TestCharge
from valija.billing.quote import SubscriptionLapsed, quote_cart
from valija.core import clock
from valija.core.errors import NotPermitted
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan
from valija.mail.models import Letter

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def on(day: date) -> Any:
    return clock.at(at_noon(day))


def renewals(account: Account) -> list[Order]:
    return list(account.orders.filter(kind="renewal").order_by("id"))


# Refused


@pytest.fixture
def refused(aurora: Account) -> Order:
    """A renewal whose card is declined, on its day."""
    bought(aurora, "pro", 2, card=DECLINED_LATER)
    with on(subscription(aurora).renews_on):
        all_that_is_due()
    return renewals(aurora)[0]


def test_a_refused_charge_is_announced_and_everything_works_on(refused: Order, aurora: Account) -> None:
    due = subscription(aurora)
    assert due.past_due_since
    assert due.works_until == due.past_due_since + timedelta(days=14)
    assert letters("subscription_past_due", "alice@aurora.example") == 1
    assert letters("subscription_past_due", "carol@aurora.example") == 1
    assert letters("subscription_past_due", "bob@aurora.example") == 0


def test_it_is_tried_again_on_days_1_3_5_and_7_each_with_letters(refused: Order, aurora: Account) -> None:
    day = subscription(aurora).renews_on
    tried = []
    for number in range(1, 14):
        before = letters("subscription_past_due", "alice@aurora.example")
        days_go_by(day + timedelta(days=number), 1)
        if letters("subscription_past_due", "alice@aurora.example") > before:
            tried.append(number)
    assert tried == list(billing.RETRIES)
    refused.payment.refresh_from_db()
    assert refused.payment.refusals == 5
    assert not TestCharge.objects.filter(
        amount=refused.total, payment=UUID(refused.payment.reference)
    ).exists()


def test_a_retry_that_goes_through_restores_the_subscription(refused: Order, aurora: Account) -> None:
    day = subscription(aurora).renews_on
    PaymentMethod.objects.filter(account=aurora).delete()
    bank_accepts(aurora)
    days_go_by(day + timedelta(days=1), 1)
    restored = subscription(aurora)
    assert restored.past_due_since is None
    assert restored.renews_on.year == day.year + 1
    assert letters("subscription_restored", "alice@aurora.example") == 1


def bank_accepts(account: Account) -> None:
    """Another card is stored."""
    user = account.users.order_by("id")[0]
    page = billing.store_method(account, user, by=user.as_actor())
    bank.pay(UUID(page.reference), APPROVED)
    assert billing.look_after_storing(page, by=user.as_actor())


def test_after_14_days_licenses_stop_and_nothing_is_deleted(refused: Order, aurora: Account) -> None:
    day = subscription(aurora).renews_on
    days_go_by(day + timedelta(days=1), 13)
    assert subscription(aurora).suspended_at is None
    days_go_by(day + timedelta(days=14), 1)
    assert subscription(aurora).suspended_at
    assert subscription(aurora).works_until <= at_noon(day + timedelta(days=14)) + timedelta(minutes=2)
    assert License.objects.living().filter(account=aurora).count() == 2
    assert letters("subscription_suspended", "alice@aurora.example") == 1
    days_go_by(day + timedelta(days=15), 3)
    assert letters("subscription_suspended", "alice@aurora.example") == 1


@pytest.mark.parametrize("later", [2, 40])
def test_paying_on_the_page_with_another_card_restores_everything(
    refused: Order, aurora: Account, alice: User, bob: User, plan: Callable[[str], Plan], later: int
) -> None:
    """Also long after the suspension: then the new period begins on the day of the payment."""
    license = licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    day = subscription(aurora).renews_on
    days_go_by(day + timedelta(days=1), later)
    payday = day + timedelta(days=later)
    with on(payday):
        order = billing.pay_renewal(refused_again(refused), by=alice.as_actor())
        assert order.payment.page_url
        assert paid(order).paid_at
        restored = subscription(aurora)
        license.refresh_from_db()
        assert license.holder == bob
        assert license.subscription.works_until > clock.now() + timedelta(days=300)
    assert (restored.past_due_since, restored.suspended_at) == (None, None)
    began = day if later < 14 else payday
    assert restored.renews_on == date(began.year + 1, began.month, began.day)
    assert (
        str(billing.stored_method(aurora)) == "•••• 4242"
    )  # the next renewal is charged to the card that works
    assert len(renewals(aurora)) == 1
    assert TestCharge.objects.filter(amount=order.total).count() == 2  # the purchase, and its renewal
    assert_books_balance(aurora)


def refused_again(order: Order) -> Order:
    return Order.objects.select_related("payment", "account", "buyer").get(pk=order.pk)


def test_a_page_that_was_opened_and_left_is_closed_before_the_next_attempt(
    refused: Order, aurora: Account, alice: User
) -> None:
    """So that the same renewal is never paid there and by the stored card."""
    day = subscription(aurora).renews_on
    page = billing.pay_renewal(refused_again(refused), by=alice.as_actor()).payment.reference
    PaymentMethod.objects.filter(account=aurora).delete()
    bank_accepts(aurora)
    days_go_by(day + timedelta(days=1), 1)
    bank.pay(UUID(page), APPROVED)  # the tab that is still open
    assert refused_again(refused).paid_at
    assert TestCharge.objects.filter(amount=refused.total).count() == 2  # the purchase, and its renewal
    assert_books_balance(aurora)


@at_once
def test_paying_on_the_page_and_a_retry_at_once_charge_once(aurora: Account, alice: User) -> None:
    bought(aurora, "pro", 2, card=DECLINED_LATER)
    day = subscription(aurora).renews_on
    with on(day):
        all_that_is_due()
    [order] = renewals(aurora)
    order = billing.pay_renewal(refused_again(order), by=alice.as_actor())
    PaymentMethod.objects.filter(account=aurora).delete()
    bank_accepts(aurora)
    with on(day + timedelta(days=2)):
        together(
            lambda: bank.pay(UUID(order.payment.reference), APPROVED),
            billing.charge_due.call,
            billing.charge_due.call,
        )
        billing.look_after(refused_again(order), by=alice.as_actor())
    assert TestCharge.objects.filter(amount=order.total).count() == 2  # the purchase, and its renewal
    assert refused_again(order).paid_at
    assert_books_balance(aurora)


def test_without_a_stored_card_the_letter_asks_to_pay_on_the_page(aurora: Account) -> None:
    bought(aurora, "pro", 1)
    PaymentMethod.objects.all().delete()
    with on(subscription(aurora).renews_on):
        all_that_is_due()
    letter = Letter.objects.filter(kind="subscription_past_due", to="alice@aurora.example").get()
    assert letter.link.endswith("/subscriptions")
    assert letter.data["reason"] == {"say": "no card is stored"}


def test_while_a_renewal_is_not_paid_nothing_can_be_added(refused: Order, alice: User) -> None:
    with on(subscription(alice.account).renews_on + timedelta(days=1)):
        billing.add_to_cart(alice.account, Plan.objects.get(code="pro"), 1, by=alice.as_actor())
        with pytest.raises(SubscriptionLapsed):
            quote_cart(alice.account)


def test_bob_and_mallory_cannot_pay_auroras_renewal(refused: Order, bob: User, mallory: User) -> None:
    for stranger in (bob, mallory):
        with pytest.raises(NotPermitted):
            billing.pay_renewal(refused_again(refused), by=stranger.as_actor())


def test_canceling_what_is_not_paid_ends_it_and_its_page_charges_nothing(
    refused: Order, aurora: Account, alice: User
) -> None:
    with on(subscription(aurora).renews_on + timedelta(days=1)):
        page = billing.pay_renewal(refused_again(refused), by=alice.as_actor()).payment.reference
        billing.cancel_subscription(subscription(aurora), by=alice.as_actor())
        bank.pay(UUID(page), APPROVED)
    assert refused_again(refused).canceled_at
    assert not TestCharge.objects.filter(amount=refused.total).filter(payment=UUID(page))
    assert not aurora.subscriptions.running().exists()
