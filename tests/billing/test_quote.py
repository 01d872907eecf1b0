"""What a purchase costs: pro rata to the common renewal, taxes, and sums that add up."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from valija.accounts.models import Account
from valija.billing.models import CartLine, TaxRate
from valija.billing.quote import PlanNotSold, QuoteLine, SubscriptionLapsed, period_end, pro_rata, quote_lines
from valija.billing.taxes import NoTaxRate, taxes_on
from valija.licensing.models import Interval, Plan, Price, Subscription

pytestmark = [pytest.mark.database, pytest.mark.django_db]
DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))
PRICES = st.integers(0, 10_000_000)


def subscription(started_on: date, renews_on: date, interval: str = Interval.YEAR) -> Subscription:
    return Subscription(interval=interval, started_on=started_on, renews_on=renews_on)


def line(plan: Plan, quantity: int, interval: str = Interval.YEAR) -> CartLine:
    return CartLine(plan=plan, quantity=quantity, interval=interval)


# Days


@pytest.mark.parametrize(
    ("start", "interval", "end"),
    [
        (date(2024, 2, 29), "year", date(2025, 2, 28)),
        (date(2026, 1, 31), "month", date(2026, 2, 28)),
        (date(2028, 1, 31), "month", date(2028, 2, 29)),
        (date(2026, 12, 15), "month", date(2027, 1, 15)),
        (date(2026, 11, 24), "year", date(2027, 11, 24)),
    ],
)
def test_a_period_ends_on_the_same_day_or_the_last_of_the_month(
    start: date, interval: str, end: date
) -> None:
    assert period_end(start, interval) == end


@given(DAYS, st.sampled_from(Interval.values), PRICES)
def test_a_second_purchase_of_the_first_day_costs_the_same(today: date, interval: str, price: int) -> None:
    """Also on January 31 and on February 29."""
    begun = subscription(today, period_end(today, interval), interval)
    assert pro_rata(price, begun, interval, today) == pro_rata(price, None, interval, today) == price


@given(DAYS, st.sampled_from(Interval.values), PRICES, st.integers(0, 366))
def test_a_later_day_never_costs_more_and_never_more_than_the_price(
    start: date, interval: str, price: int, later: int
) -> None:
    begun = subscription(start, period_end(start, interval), interval)
    days = (begun.renews_on - start).days
    today = start + timedelta(days=later % days)
    tomorrow = min(today + timedelta(days=1), begun.renews_on - timedelta(days=1))
    assert 0 <= pro_rata(price, begun, interval, tomorrow) <= pro_rata(price, begun, interval, today) <= price


def test_the_guides_example() -> None:
    """97 of 365 days of 132.00 are 35.08."""
    begun = subscription(date(2026, 3, 1), date(2027, 3, 1))
    assert pro_rata(132_00, begun, "year", date(2026, 11, 24)) == 35_08


def test_a_subscription_that_ended_is_told() -> None:
    with pytest.raises(SubscriptionLapsed):
        pro_rata(132_00, subscription(date(2025, 3, 1), date(2026, 3, 1)), "year", date(2026, 3, 1))


# Sums


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=4), st.integers(0, 364))
def test_parts_add_up_and_splitting_costs_the_same(
    aurora: Account, plan: Callable[[str], Plan], parts: list[int], later: int
) -> None:
    pro = plan("pro")
    start = date(2026, 3, 1)
    aurora.subscriptions.all().delete()
    Subscription.objects.create(account=aurora, interval="year", started_on=start, renews_on=date(2027, 3, 1))
    today = start + timedelta(days=later)
    whole = quote_lines(aurora, [line(pro, sum(parts))], on=today)
    split = quote_lines(aurora, [line(pro, part) for part in parts], on=today)
    assert split.net == whole.net
    assert split.total == whole.total
    assert whole.total == whole.net + sum(tax.amount for tax in whole.taxes)
    assert split.net == sum(each.unit_due * each.quantity for each in split.lines)


def test_the_fingerprint_tells_every_difference(aurora: Account, plan: Callable[[str], Plan]) -> None:
    today = date(2026, 11, 24)
    prints = [quote_lines(aurora, [line(plan("pro"), 5)], on=today).fingerprint for _twice in range(2)]
    prints.append(quote_lines(aurora, [line(plan("pro"), 6)], on=today).fingerprint)
    prints.append(quote_lines(aurora, [line(plan("pro"), 5, "month")], on=today).fingerprint)
    prints.append(quote_lines(aurora, [line(plan("pro"), 5)], on=today + timedelta(days=1)).fingerprint)
    Price.objects.current().filter(plan__code="pro").update(amount=1)
    prints.append(quote_lines(aurora, [line(plan("pro"), 5)], on=today).fingerprint)
    assert prints[0] == prints[1]
    assert len(set(prints)) == 5


def test_licenses_of_both_intervals_renew_apart(aurora: Account, plan: Callable[[str], Plan]) -> None:
    quote = quote_lines(aurora, [line(plan("pro"), 2), line(plan("eco"), 1, "month")], on=date(2026, 11, 24))
    assert {each.interval: each.renews_on for each in quote.renewals} == {
        "year": "2027-11-24",
        "month": "2026-12-24",
    }


def test_what_is_on_request_is_not_sold(aurora: Account, plan: Callable[[str], Plan]) -> None:
    with pytest.raises(PlanNotSold):
        quote_lines(aurora, [line(plan("max"), 1)], on=date(2026, 11, 24))


def test_a_line_shows_its_arithmetic() -> None:
    shown = QuoteLine("", "pro", "Pro", "year", 5, 132_00, 35_08, 97, 365, "2027-03-01", "EUR")
    assert (shown.net, shown.is_whole, str(shown.due.amount)) == (175_40, False, "17540")


# Taxes


def amounts(account: Account, net: int, on: date = date(2026, 11, 24)) -> dict[str, int]:
    return {tax.name: tax.amount for tax in taxes_on(net, account, on)}


def test_spain_and_france_pay_one_tax(aurora: Account) -> None:
    assert amounts(aurora, 228_02) == {"IVA": 47_88}
    aurora.country = "FR"
    assert amounts(aurora, 100_00) == {"TVA": 20_00}


def test_quebec_pays_two_each_rounded_by_itself(borealis: Account) -> None:
    assert amounts(borealis, 198_00) == {"GST": 9_90, "QST": 19_75}


def test_an_unknown_region_is_told_not_guessed(aurora: Account) -> None:
    aurora.country, aurora.region = "CA", "YT"
    with pytest.raises(NoTaxRate, match="CA-YT"):
        taxes_on(100, aurora, date(2026, 11, 24))


def test_a_rate_counts_from_its_day_on(aurora: Account) -> None:
    TaxRate.objects.create(country="ES", name="IVA", rate=23_000, since=date(2027, 1, 1))
    assert amounts(aurora, 100_00, date(2026, 12, 31)) == {"IVA": 21_00}
    assert amounts(aurora, 100_00, date(2027, 1, 1)) == {"IVA": 23_00}
