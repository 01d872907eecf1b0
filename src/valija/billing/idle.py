"""What licenses without use will cost when they renew."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from valija.accounts.models import Account
from valija.billing.quote import Prices
from valija.core.money import Money
from valija.licensing.idle import idle_licenses
from valija.licensing.models import License, Plan, Subscription


@dataclass
class Idle:
    """Licenses of one plan and subscription that nobody uses, each at what it costs at the renewal, before taxes."""

    plan: Plan
    subscription: Subscription
    currency: str
    free: list[License] = field(default_factory=list)
    asleep: list[License] = field(default_factory=list)  # held, never put to work
    amount: int = 0
    ending: list[License] = field(default_factory=list)  # are to end already: cost nothing more

    @property
    def number(self) -> int:
        return len(self.free) + len(self.asleep)

    @property
    def cost(self) -> Money:
        return Money(self.amount, self.currency)


def idle_of(account: Account, subscriptions: Iterable[Subscription] | None = None) -> list[Idle]:
    """An account's licenses without use, by renewal and plan."""
    rows = idle_licenses(account).order_by("subscription__renews_on", "plan__rank", "holder__sort_name", "id")
    if subscriptions is not None:
        rows = rows.filter(subscription__in=list(subscriptions))
    prices, found = Prices.of(account), dict[object, Idle]()
    for license in rows:
        key = (license.subscription_id, license.plan_id)
        part = found.setdefault(key, Idle(license.plan, license.subscription, account.currency))
        if license.to_end_since:
            part.ending.append(license)
            continue
        (part.asleep if license.holder_id else part.free).append(license)
        plan = license.becomes_id or license.plan_id
        part.amount += prices.worth(plan, license.subscription.interval, license.extra_activations) or 0
    return list(found.values())


def cost_of(parts: Iterable[Idle], currency: str) -> Money:
    return Money(sum(part.amount for part in parts), currency)
