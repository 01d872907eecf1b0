"""The one place where amounts are computed. What a quote says is what is charged.

A purchase pays from today to the subscription's renewal: price x days left / days of the period, rounded half up to
the minor unit *per license*, so that five licenses cost the same in one line, in two, or in two purchases of a day.
"""

import calendar
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from fractions import Fraction
from uuid import UUID

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.billing.models import CartLine, TaxRate
from valija.billing.taxes import Tax, rates_of, taxed, taxes_on
from valija.core import clock
from valija.core.errors import Refusal
from valija.core.money import Money, round_half_up
from valija.licensing.models import Interval, License, Plan, Price, Subscription


class PlanNotSold(Refusal):
    code = "plan_not_sold"
    sentence = _("%(plan)s is no longer sold. Please remove it from the cart; nothing was charged.")


class SubscriptionLapsed(Refusal):
    code = "subscription_lapsed"
    sentence = _(
        "Your subscription ended on %(day)s. It must be renewed before licenses can be added; please write to your provider."
    )


@dataclass(frozen=True)
class QuoteLine:
    """So many licenses of a plan, until the common renewal."""

    plan_id: str
    plan_code: str
    plan_name: str
    interval: str
    quantity: int
    unit_price: int  # of a whole interval
    unit_due: int  # from today to the renewal
    days: int
    days_of_period: int
    renews_on: str  # ISO 8601
    currency: str

    @property
    def net(self) -> int:
        return self.unit_due * self.quantity

    @property
    def is_whole(self) -> bool:
        return self.days == self.days_of_period

    @property
    def renewal_day(self) -> date:
        return date.fromisoformat(self.renews_on)

    @property
    def price(self) -> Money:
        return Money(self.unit_price, self.currency)

    @property
    def due_each(self) -> Money:
        return Money(self.unit_due, self.currency)

    @property
    def due(self) -> Money:
        return Money(self.net, self.currency)


@dataclass(frozen=True)
class Renewal:
    """What all licenses of one interval will cost when they renew, those in the cart included."""

    interval: str
    renews_on: str
    licenses: int
    net: int
    taxes: tuple[Tax, ...]
    currency: str

    @property
    def day(self) -> date:
        return date.fromisoformat(self.renews_on)

    @property
    def total(self) -> Money:
        return Money(self.net + sum(tax.amount for tax in self.taxes), self.currency)


@dataclass(frozen=True)
class Quote:
    """What a purchase costs now and at renewal, with its arithmetic."""

    currency: str
    lines: tuple[QuoteLine, ...] = ()
    taxes: tuple[Tax, ...] = ()
    renewals: tuple[Renewal, ...] = field(default=())

    @property
    def net(self) -> int:
        return sum(line.net for line in self.lines)

    @property
    def total(self) -> int:
        return self.net + sum(tax.amount for tax in self.taxes)

    @property
    def licenses(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def net_money(self) -> Money:
        return Money(self.net, self.currency)

    @property
    def due(self) -> Money:
        return Money(self.total, self.currency)

    @property
    def tax_lines(self) -> list[tuple[Tax, Money]]:
        return [(tax, Money(tax.amount, self.currency)) for tax in self.taxes]

    @property
    def fingerprint(self) -> str:
        """Equal for equal quotes: what the buyer was shown is what is charged, or nothing is."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def period_end(start: date, interval: str, *, periods: int = 1) -> date:
    """The same day one interval later (or earlier, for -1); the last of the month where that day does not exist."""
    months = (12 if interval == Interval.YEAR else 1) * periods
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def quote_cart(account: Account, *, on: date | None = None) -> Quote:
    """What the account's cart costs today."""
    lines = list(account.cart.select_related("plan").order_by("interval", "plan__rank"))
    return quote_lines(account, lines, on=on or clock.today())


def quote_lines(account: Account, cart: Iterable[CartLine], *, on: date) -> Quote:
    """What some licenses cost on a day.

    Raises:
        PlanNotSold: a plan was withdrawn, or has no price in the account's currency.
        NoTaxRate: the taxes of the account's region are not known.
        SubscriptionLapsed: the licenses' subscription has ended.
    """
    cart = list(cart)
    if not cart:
        return Quote(account.currency)
    subscriptions = {each.interval: each for each in account.subscriptions.all()}
    prices = {
        (price.plan_id, price.interval): price.amount
        for price in Price.objects.current().filter(currency=account.currency)
    }
    lines = tuple(_line(account, line, prices, subscriptions.get(line.interval), on) for line in cart)
    net = sum(line.net for line in lines)
    rates = rates_of(account, on)
    return Quote(account.currency, lines, taxed(net, rates), _renewals(account, lines, prices, rates))


Prices = dict[tuple[UUID, str], int]


def _line(
    account: Account, line: CartLine, prices: Prices, subscription: Subscription | None, on: date
) -> QuoteLine:
    price = prices.get((line.plan_id, line.interval))
    if price is None or line.plan.withdrawn_at or line.plan.on_request:
        raise PlanNotSold(plan=line.plan.name)
    days, days_of_period, renews_on = _period(subscription, line.interval, on)
    return QuoteLine(
        plan_id=str(line.plan_id),
        plan_code=line.plan.code,
        plan_name=line.plan.name,
        interval=line.interval,
        quantity=line.quantity,
        unit_price=price,
        unit_due=round_half_up(Fraction(price * days, days_of_period)),
        days=days,
        days_of_period=days_of_period,
        renews_on=renews_on.isoformat(),
        currency=account.currency,
    )


def _period(subscription: Subscription | None, interval: str, on: date) -> tuple[int, int, date]:
    if subscription is None:
        renews_on = period_end(on, interval)
        return (renews_on - on).days, (renews_on - on).days, renews_on
    if subscription.renews_on <= on:
        raise SubscriptionLapsed(day=subscription.renews_on)
    # From January 31 to February 28 is a whole month: going back from the 28th alone would make it longer.
    start = max(period_end(subscription.renews_on, interval, periods=-1), subscription.started_on)
    return (subscription.renews_on - on).days, (subscription.renews_on - start).days, subscription.renews_on


def pro_rata(price: int, subscription: Subscription | None, interval: str, on: date) -> int:
    """What one license of this price costs from a day to its renewal."""
    days, days_of_period, _renews_on = _period(subscription, interval, on)
    return round_half_up(Fraction(price * days, days_of_period))


def _renewals(
    account: Account, lines: tuple[QuoteLine, ...], prices: Prices, rates: list[TaxRate]
) -> tuple[Renewal, ...]:
    living = (
        License.objects.living()
        .filter(account=account)
        .values_list("subscription__interval", "plan_id")
        .annotate(n=Count("id"))
    )
    found = []
    for interval in dict.fromkeys(line.interval for line in lines):
        of_interval = [line for line in lines if line.interval == interval]
        held = [(plan, count) for of, plan, count in living if of == interval]
        net = sum(line.unit_price * line.quantity for line in of_interval)
        net += sum(prices.get((plan, interval), 0) * count for plan, count in held)
        found.append(
            Renewal(
                interval=interval,
                renews_on=of_interval[0].renews_on,
                licenses=sum(line.quantity for line in of_interval) + sum(count for _plan, count in held),
                net=net,
                taxes=taxed(net, rates),
                currency=account.currency,
            )
        )
    return tuple(found)


def renewal_of(account: Account, subscription: Subscription) -> Renewal:
    """What a subscription will cost when it renews, as things stand."""
    on = clock.today()
    prices = dict(
        Price.objects.current()
        .filter(currency=account.currency, interval=subscription.interval)
        .values_list("plan_id", "amount")
    )
    living = (
        License.objects.living()
        .filter(subscription=subscription)
        .values_list("plan_id")
        .annotate(n=Count("id"))
    )
    counts: list[tuple[object, int]] = list(living)
    net = sum(prices.get(plan, 0) * count for plan, count in counts)  # type: ignore[call-overload]
    return Renewal(
        subscription.interval, subscription.renews_on.isoformat(), sum(n for _plan, n in counts), net,
        taxes_on(net, account, on), account.currency,
    )  # fmt: skip


def plans_with_prices(account: Account, interval: str) -> list[tuple[Plan, Price | None]]:
    """The offered plans with what they cost this account; without a price where they are on request."""
    prices = {
        p.plan_id: p for p in Price.objects.current().filter(currency=account.currency, interval=interval)
    }
    return [(plan, prices.get(plan.pk)) for plan in Plan.objects.offered()]
