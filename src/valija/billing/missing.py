"""What is missing for a plan on many people: licenses that are needed, available, in the cart; and what the rest costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from valija.accounts.models import Account
from valija.billing.models import CartLine
from valija.billing.quote import Quote, quote_lines
from valija.core import clock
from valija.core.errors import Refusal
from valija.licensing.models import Interval, Plan


@dataclass(frozen=True)
class Need:
    """Licenses of one plan."""

    plan: Plan
    needed: int
    available: int
    in_cart: int

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.available)

    @property
    def to_add(self) -> int:
        """What the cart does not hold already: pressed twice, it is added once."""
        return max(0, self.missing - self.in_cart)


@dataclass(frozen=True)
class Missing:
    """All plans, and what buying the missing licenses costs today; `problem` says why that cannot be computed."""

    needs: tuple[Need, ...]
    quote: Quote | None = None
    problem: str = ""

    @property
    def licenses(self) -> int:
        return sum(need.missing for need in self.needs)

    @property
    def to_add(self) -> int:
        return sum(need.to_add for need in self.needs)


def missing_licenses(account: Account, needed: Mapping[Plan, int]) -> Missing:
    """What an account lacks to give so many licenses of each plan, and what it costs for a year."""
    pool: Any = Plan.objects.with_available(account).filter(pk__in=[plan.pk for plan in needed])
    have: dict[Any, int] = dict(pool.values_list("pk", "available"))
    cart = {line.plan_id: line.quantity for line in account.cart.filter(interval=Interval.YEAR)}
    needs = tuple(
        Need(plan, number, have.get(plan.pk, 0), cart.get(plan.pk, 0))
        for plan, number in sorted(needed.items(), key=lambda item: item[0].rank)
    )
    lines = [
        CartLine(account=account, plan=need.plan, interval=Interval.YEAR, quantity=need.missing)
        for need in needs
        if need.missing
    ]
    if not lines:
        return Missing(needs)
    try:
        return Missing(needs, quote_lines(account, lines, on=clock.today()))
    except Refusal as refusal:
        return Missing(needs, problem=str(refusal))
