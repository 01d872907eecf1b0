"""What a purchase, an upgrade or a renewal costs, with its arithmetic."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date

from valija.billing.models import Order
from valija.billing.taxes import Tax
from valija.core.money import Money


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
    # Of licenses that the account has already: what they were, what of it is paid, and which they are.
    old_plan_id: str = ""
    old_plan_name: str = ""
    old_price: int = 0  # of a whole interval
    paid: int = 0  # of it, from today to the renewal
    activations: int = 0  # more for each license
    licenses: tuple[str, ...] = ()

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
    def is_change(self) -> bool:
        """Of licenses that the account has already."""
        return bool(self.old_plan_id)

    @property
    def paid_price(self) -> Money:
        return Money(self.old_price, self.currency)

    @property
    def due_each(self) -> Money:
        return Money(self.unit_due, self.currency)

    @property
    def due(self) -> Money:
        return Money(self.net, self.currency)


@dataclass(frozen=True)
class Renewal:
    """What all licenses of one interval will cost when they renew, those of the quote included."""

    interval: str
    renews_on: str
    licenses: int
    net: int
    taxes: tuple[Tax, ...]
    currency: str
    canceled: bool = False  # it ends on that day, and nothing is due

    @property
    def day(self) -> date:
        return date.fromisoformat(self.renews_on)

    @property
    def total(self) -> Money:
        return Money(self.net + sum(tax.amount for tax in self.taxes), self.currency)


@dataclass(frozen=True)
class Quote:
    """What is due now and at renewal, with its arithmetic."""

    currency: str
    lines: tuple[QuoteLine, ...] = ()
    taxes: tuple[Tax, ...] = ()
    renewals: tuple[Renewal, ...] = field(default=())
    kind: str = Order.Kind.PURCHASE.value

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
