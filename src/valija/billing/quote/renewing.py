"""What a subscription costs when it renews."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max
from django.db.models.functions import Coalesce

from valija.accounts.models import Account
from valija.billing.models import Order, TaxRate
from valija.billing.quote.periods import next_renewal
from valija.billing.quote.quotes import Quote, QuoteLine, Renewal
from valija.billing.taxes import rates_of, taxed
from valija.core import clock
from valija.licensing.models import License, Plan, Price, Subscription


@dataclass(frozen=True)
class Prices:
    """What plans cost one account now."""

    rows: Mapping[tuple[UUID, str], Price]

    @classmethod
    def of(cls, account: Account) -> "Prices":
        current = Price.objects.current().filter(currency=account.currency)
        return cls({(price.plan_id, price.interval): price for price in current})

    def amount(self, plan_id: UUID, interval: str) -> int | None:
        found = self.rows.get((plan_id, interval))
        return found.amount if found else None

    def worth(self, plan_id: UUID, interval: str, extra_activations: int) -> int | None:
        """Of a license for a whole interval, with the activations that it has beside those of its plan."""
        found = self.rows.get((plan_id, interval))
        return found.amount + extra_activations * (found.per_activation or 0) if found else None


@dataclass(frozen=True)
class Standing:
    """Licenses of a subscription that will renew alike."""

    plan_id: UUID
    price: int
    number: int


def standing(subscriptions: Iterable[Subscription], prices: Prices) -> dict[UUID, list[Standing]]:
    """What will renew of each subscription: its licenses, without those that end then, each as what it becomes."""
    intervals = {subscription.pk: subscription.interval for subscription in subscriptions}
    rows: Any = (
        License.objects.living()
        .filter(subscription__in=intervals, to_end_since=None)
        .values_list("subscription_id", Coalesce("becomes_id", "plan_id"), "extra_activations")
        .annotate(number=Count("id"), worth=Max("worth"))
        .order_by(F("subscription_id"), Coalesce("becomes__rank", "plan__rank"), "extra_activations")
    )
    found: dict[UUID, list[Standing]] = {pk: [] for pk in intervals}
    for subscription_id, plan_id, extra, number, worth in rows:
        price = prices.worth(plan_id, intervals[subscription_id], extra)
        # A plan that is priced no longer renews at what was paid for it.
        found[subscription_id].append(Standing(plan_id, worth or 0 if price is None else price, number))
    return found


def renewal_of(account: Account, subscription: Subscription) -> Renewal:
    """What a subscription will cost when it renews, as things stand."""
    prices, rates = Prices.of(account), rates_of(account, clock.today())
    return renewal(account, subscription, standing([subscription], prices)[subscription.pk], rates)


def renewal(
    account: Account, subscription: Subscription, held: Iterable[Standing], rates: list[TaxRate]
) -> Renewal:
    """What these licenses cost at the renewal."""
    held = list(held) if subscription.renews else []
    net = sum(each.price * each.number for each in held)
    return Renewal(
        interval=subscription.interval,
        renews_on=subscription.renews_on.isoformat(),
        licenses=sum(each.number for each in held),
        net=net,
        taxes=taxed(net, rates),
        currency=account.currency,
        canceled=not subscription.renews,
    )


def quote_renewal(account: Account, subscription: Subscription, *, on: date) -> Quote:
    """What a subscription costs for its next period: what will be charged on its day.

    Raises:
        NoTaxRate: the taxes of the account's region are not known.
    """
    prices = Prices.of(account)
    held = standing([subscription], prices)[subscription.pk]
    plans = Plan.objects.in_bulk([each.plan_id for each in held])
    until = next_renewal(subscription)
    days = (until - subscription.renews_on).days
    lines = tuple(
        QuoteLine(
            plan_id=str(each.plan_id), plan_code=plans[each.plan_id].code, plan_name=plans[each.plan_id].name,
            interval=subscription.interval, quantity=each.number, unit_price=each.price, unit_due=each.price, days=days,
            days_of_period=days, renews_on=until.isoformat(), currency=account.currency,
        )
        for each in held
    )  # fmt: skip
    net = sum(line.net for line in lines)
    return Quote(account.currency, lines, taxed(net, rates_of(account, on)), kind=Order.Kind.RENEWAL.value)
