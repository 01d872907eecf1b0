"""What the cart costs.

A purchase pays from today to the subscription's renewal; each license is rounded by itself, so that five licenses cost
the same in one line, in two, or in two purchases of a day.
"""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.billing.models import CartLine, TaxRate
from valija.billing.quote.periods import part_of_period
from valija.billing.quote.quotes import Quote, QuoteLine, Renewal
from valija.billing.quote.renewing import Prices, Standing, renewal, standing
from valija.billing.taxes import rates_of, taxed
from valija.core import clock
from valija.core.errors import Refusal
from valija.licensing.models import Plan, Price, Subscription


class PlanNotSold(Refusal):
    code = "plan_not_sold"
    sentence = _("%(plan)s is no longer sold. Please remove it from the cart; nothing was charged.")


def quote_cart(account: Account, *, on: date | None = None) -> Quote:
    """What the account's cart costs today."""
    lines = list(account.cart.select_related("plan").order_by("interval", "plan__rank"))
    return quote_lines(account, lines, on=on or clock.today())


def quote_lines(account: Account, cart: Iterable[CartLine], *, on: date) -> Quote:
    """What some licenses cost on a day.

    Raises:
        PlanNotSold: a plan was withdrawn, or has no price in the account's currency.
        NoTaxRate: the taxes of the account's region are not known.
        SubscriptionLapsed: the renewal of the licenses' subscription is not paid.
    """
    cart = list(cart)
    if not cart:
        return Quote(account.currency)
    subscriptions = {each.interval: each for each in account.subscriptions.running()}
    prices = Prices.of(account)
    lines = tuple(_line(account, line, prices, subscriptions.get(line.interval), on) for line in cart)
    net = sum(line.net for line in lines)
    rates = rates_of(account, on)
    return Quote(
        account.currency, lines, taxed(net, rates), _renewals(account, lines, subscriptions, prices, rates)
    )


def _line(
    account: Account, line: CartLine, prices: Prices, subscription: Subscription | None, on: date
) -> QuoteLine:
    price = prices.amount(line.plan_id, line.interval)
    if price is None or line.plan.withdrawn_at or line.plan.on_request:
        raise PlanNotSold(plan=line.plan.name)
    part = part_of_period(subscription, line.interval, on)
    return QuoteLine(
        plan_id=str(line.plan_id),
        plan_code=line.plan.code,
        plan_name=line.plan.name,
        interval=line.interval,
        quantity=line.quantity,
        unit_price=price,
        unit_due=part.value_of(price),
        days=part.days,
        days_of_period=part.days_of_period,
        renews_on=part.renews_on.isoformat(),
        currency=account.currency,
    )


def _renewals(
    account: Account,
    lines: tuple[QuoteLine, ...],
    subscriptions: dict[str, Subscription],
    prices: Prices,
    rates: list[TaxRate],
) -> tuple[Renewal, ...]:
    """What each interval of the quote costs at its renewal, with what the account has of it already."""
    held = standing(subscriptions.values(), prices)
    found = []
    for interval in dict.fromkeys(line.interval for line in lines):
        bought = [line for line in lines if line.interval == interval]
        subscription = subscriptions.get(interval) or Subscription(
            interval=interval, renews_on=bought[0].renewal_day
        )
        added = [Standing(UUID(line.plan_id), line.unit_price, line.quantity) for line in bought]
        found.append(renewal(account, subscription, [*held.get(subscription.pk, []), *added], rates))
    return tuple(found)


def plans_with_prices(account: Account, interval: str) -> list[tuple[Plan, Price | None]]:
    """The offered plans with what they cost this account; without a price where they are on request."""
    prices = {
        p.plan_id: p for p in Price.objects.current().filter(currency=account.currency, interval=interval)
    }
    return [(plan, prices.get(plan.pk)) for plan in Plan.objects.offered()]
