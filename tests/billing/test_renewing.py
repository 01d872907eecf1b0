"""Subscriptions renew by the clock, once for each period; they are announced, and can be canceled."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.billing.acts import (
    all_that_is_due,
    at_noon,
    bought,
    days_go_by,
    letters,
    paid,
    subscription,
)
from tests.billing.test_exactly_once import assert_books_balance, at_once, fill_cart, together
from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing.models import Order, PaymentMethod, TaxRate
from valija.billing.providers.test.models import TestCharge
from valija.billing.quote import renewal_of
from valija.core import actor, clock
from valija.core.errors import NotPermitted
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan, Price

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def on(day: date) -> Any:
    return clock.at(at_noon(day))


def renewals(account: Account) -> list[Order]:
    return list(account.orders.filter(kind="renewal").order_by("id"))


# On the day


def test_on_its_day_a_subscription_is_charged_once_what_was_announced(aurora: Account) -> None:
    bought(aurora, "pro", 3)
    bought(aurora, "eco", 2)
    day = subscription(aurora).renews_on
    announced = renewal_of(aurora, subscription(aurora)).total
    with on(day - timedelta(days=1)):
        all_that_is_due()
        assert not renewals(aurora)
    with on(day):
        all_that_is_due()
        all_that_is_due()
    [order] = renewals(aurora)
    assert order.paid_at
    assert order.amount == announced
    assert TestCharge.objects.filter(amount=order.total).count() == 1
    assert subscription(aurora).renews_on == date(day.year + 1, day.month, day.day)
    assert sorted((line.plan_name, line.quantity, line.net) for line in order.lines.all()) == [
        ("Eco", 2, 24_00),
        ("Pro", 3, 396_00),
    ]
    assert letters("subscription_renewed", "alice@aurora.example") == 1
    assert Entry.objects.filter(event="subscription.renewed").count() == 1
    assert_books_balance(aurora)


@at_once
def test_two_workers_at_once_renew_once(aurora: Account) -> None:
    bought(aurora, "pro", 1)
    with on(subscription(aurora).renews_on):
        together(*[billing.renew_due.call] * 4)
    [order] = renewals(aurora)
    assert order.paid_at
    assert TestCharge.objects.filter(payment=UUID(order.payment.reference)).count() == 1


def test_a_worker_killed_with_a_charge_in_hand_gives_it_back(aurora: Account, monkeypatch: Any) -> None:
    bought(aurora, "pro", 1)
    day = subscription(aurora).renews_on
    with on(day):
        with monkeypatch.context() as patch:
            patch.setattr("valija.billing.operations.renewing.charge_renewal", _dies)
            with pytest.raises(KeyboardInterrupt):
                billing.renew_due.call()
        billing.charge_due.call()
        assert renewals(aurora)[0].paid_at is None  # the lease still runs
    with clock.at(at_noon(day) + timedelta(minutes=11)):
        billing.charge_due.call()
    assert renewals(aurora)[0].paid_at


def _dies(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_months_keep_their_day_from_january_31_on(aurora: Account) -> None:
    with on(date(2027, 1, 31)):
        bought(aurora, "pro", 1, interval="month")
    days = [subscription(aurora, "month").renews_on]
    for _month in range(3):
        with on(days[-1]):
            all_that_is_due()
        days.append(subscription(aurora, "month").renews_on)
    assert days == [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30), date(2027, 5, 31)]


def test_a_year_from_february_29_comes_back_to_it(aurora: Account) -> None:
    with on(date(2028, 2, 29)):
        bought(aurora, "eco", 1)
    days = [subscription(aurora).renews_on]
    for _year in range(4):
        with on(days[-1]):
            PaymentMethod.objects.update(expires_on=None)
            all_that_is_due()
        days.append(subscription(aurora).renews_on)
    assert days[0] == date(2029, 2, 28)
    assert days[3] == date(2032, 2, 29)


def test_a_clock_that_jumps_charges_each_missed_period_once(aurora: Account) -> None:
    with on(date(2027, 1, 31)):
        bought(aurora, "pro", 1, interval="month")
    with on(date(2027, 4, 15)):
        for _run in range(6):
            all_that_is_due()
    assert [order.period_from for order in renewals(aurora)] == [
        date(2027, 2, 28),
        date(2027, 3, 31),
    ]
    assert all(order.paid_at for order in renewals(aurora))
    assert subscription(aurora, "month").renews_on == date(2027, 4, 30)
    with on(date(2027, 2, 10)):  # and back again
        all_that_is_due()
    assert len(renewals(aurora)) == 2


def test_the_price_of_the_day_counts_not_that_of_the_purchase(aurora: Account) -> None:
    bought(aurora, "pro", 1)
    old = Price.objects.current().get(plan__code="pro", interval="year", currency="EUR")
    Price.objects.filter(pk=old.pk).update(until=clock.now())
    Price.objects.create(plan=old.plan, interval="year", currency="EUR", amount=140_00)
    with on(subscription(aurora).renews_on):
        all_that_is_due()
    assert renewals(aurora)[0].net == 140_00
    assert License.objects.get(account=aurora).worth == 140_00


def test_a_purchase_that_is_open_and_a_renewal_do_not_disturb_each_other(alice: User) -> None:
    bought(alice.account, "pro", 1)
    day = subscription(alice.account).renews_on
    with on(day - timedelta(days=1)):
        order = billing.place_order(
            alice.account, alice, shown=fill_cart(alice, "eco", 2), key="open", by=alice.as_actor()
        )
    with clock.at(at_noon(day - timedelta(days=1)) + timedelta(hours=13)):
        all_that_is_due()
        [renewal] = renewals(alice.account)
        assert renewal.paid_at
        assert paid(order).paid_at
    assert License.objects.filter(account=alice.account).count() == 3
    assert_books_balance(alice.account)


def test_what_costs_nothing_renews_without_a_payment(aurora: Account) -> None:
    bought(aurora, "pro", 1)
    Price.objects.update(amount=0)
    PaymentMethod.objects.all().delete()
    with on(subscription(aurora).renews_on):
        all_that_is_due()
    [order] = renewals(aurora)
    assert order.paid_at
    assert order.total == 0
    assert order.payment.reference is None


def test_licenses_that_were_to_end_end_and_the_others_are_charged(
    aurora: Account, alice: User, plan: Callable[[str], Plan]
) -> None:
    bought(aurora, "pro", 3)
    by = alice.as_actor()
    licensing.end_licenses(aurora, plan("pro"), "year", 2, by=by)
    assert renewal_of(aurora, subscription(aurora)).licenses == 1
    with on(subscription(aurora).renews_on):
        all_that_is_due()
    assert renewals(aurora)[0].net == 132_00
    assert License.objects.living().filter(account=aurora).count() == 1
    assert Entry.objects.filter(event="license.ended").count() == 2


def test_where_every_license_was_to_end_the_subscription_ends(
    aurora: Account, alice: User, plan: Callable[[str], Plan]
) -> None:
    bought(aurora, "pro", 1)
    licensing.end_licenses(aurora, plan("pro"), "year", 1, by=alice.as_actor())
    with on(subscription(aurora).renews_on):
        all_that_is_due()
    assert not renewals(aurora)
    assert not aurora.subscriptions.running().exists()


def test_a_region_without_a_tax_rate_is_told_and_keeps_nobody_waiting(
    aurora: Account, borealis: Account, caplog: pytest.LogCaptureFixture
) -> None:
    bought(borealis, "pro", 1)
    bought(aurora, "pro", 1)
    TaxRate.objects.filter(country="CA").delete()
    with on(subscription(aurora).renews_on):
        all_that_is_due()
    assert not renewals(borealis)
    assert renewals(aurora)[0].paid_at
    assert "CA-QC" in caplog.text


# Reminders


def test_a_yearly_renewal_is_announced_30_and_7_days_before_once_each(aurora: Account) -> None:
    bought(aurora, "pro", 1)
    day = subscription(aurora).renews_on
    told = []
    for number in (40, 31, 30, 29, 8, 7, 6, 1):
        before = letters("renewal_coming", "alice@aurora.example")
        days_go_by(day - timedelta(days=number), 1)
        if letters("renewal_coming", "alice@aurora.example") > before:
            told.append(number)
    assert told == [30, 7]
    days_go_by(day, 1)
    days_go_by(date(day.year + 1, day.month, day.day) - timedelta(days=20), 1)
    assert letters("renewal_coming", "alice@aurora.example") == 3


def test_of_two_missed_reminders_one_letter_is_written(aurora: Account) -> None:
    bought(aurora, "pro", 1)
    days_go_by(subscription(aurora).renews_on - timedelta(days=3), 2)
    assert letters("renewal_coming", "alice@aurora.example") == 1


def test_a_monthly_renewal_is_not_announced(aurora: Account) -> None:
    bought(aurora, "pro", 1, interval="month")
    days_go_by(subscription(aurora, "month").renews_on - timedelta(days=5), 3)
    assert letters("renewal_coming") == 0


# Canceled


def test_a_canceled_subscription_runs_to_its_end_and_then_ends(
    aurora: Account, alice: User, bob: User, plan: Callable[[str], Plan]
) -> None:
    bought(aurora, "pro", 2)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    day = subscription(aurora).renews_on
    canceled = billing.cancel_subscription(subscription(aurora), by=alice.as_actor())
    assert renewal_of(aurora, canceled).total.amount == 0
    days_go_by(day - timedelta(days=30), 30)
    assert License.objects.living().filter(account=aurora).count() == 2
    assert letters("renewal_coming") == 0
    days_go_by(day, 2)
    assert not License.objects.living().filter(account=aurora).exists()
    assert not renewals(aurora)
    assert letters("license_ended", "bob@aurora.example") == 1
    assert letters("subscription_ended", "alice@aurora.example") == 1


def test_a_cancellation_can_be_taken_back_until_the_end(aurora: Account, alice: User) -> None:
    bought(aurora, "pro", 1)
    day = subscription(aurora).renews_on
    billing.cancel_subscription(subscription(aurora), by=alice.as_actor())
    billing.keep_subscription(subscription(aurora), by=alice.as_actor())
    days_go_by(day, 1)
    assert renewals(aurora)[0].paid_at
    canceled = billing.cancel_subscription(subscription(aurora), by=alice.as_actor())
    with on(canceled.renews_on):
        all_that_is_due()
        with pytest.raises(billing.SubscriptionOver):
            billing.keep_subscription(canceled, by=alice.as_actor())


def test_after_the_end_licenses_can_be_bought_anew(aurora: Account, alice: User) -> None:
    bought(aurora, "pro", 1)
    first = billing.cancel_subscription(subscription(aurora), by=alice.as_actor())
    with on(first.renews_on + timedelta(days=3)):
        all_that_is_due()
        order = bought(aurora, "pro", 2)
        assert order.net == 264_00
        assert subscription(aurora).started_on == clock.today()


def test_carol_may_cancel_bob_and_mallory_may_not(
    aurora: Account, carol: User, bob: User, mallory: User
) -> None:
    bought(aurora, "pro", 1)
    for stranger in (bob, mallory):
        with pytest.raises(NotPermitted):
            billing.cancel_subscription(subscription(aurora), by=stranger.as_actor())
    assert billing.cancel_subscription(subscription(aurora), by=carol.as_actor()).canceled_at
    assert actor.clock().may("subscription.cancel") is False
