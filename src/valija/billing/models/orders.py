"""Purchases, and the licenses they paid for."""

from typing import Any

from django.db import models
from django.db.models import Q

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.ids import new_id
from valija.core.money import Money
from valija.licensing.models import Interval, License, Plan, Subscription


class Orders(models.QuerySet["Order"]):
    def open(self) -> "Orders":
        return self.filter(paid_at=None, canceled_at=None)

    def renewals(self) -> "Orders":
        return self.filter(kind=Order.Kind.RENEWAL)

    def open_or_of(self, key: str) -> "Orders":
        """The open purchase and the one of this key, which may be the same. A renewal stands beside them."""
        return self.filter(Q(key=key) | Q(paid_at=None, canceled_at=None)).exclude(kind=Order.Kind.RENEWAL)

    def paid(self) -> "Orders":
        return self.exclude(paid_at=None)


class Order(models.Model):
    """A purchase as it was confirmed: prices copied, amounts fixed."""

    class Kind(models.TextChoices):
        PURCHASE = "purchase"  # licenses from the cart
        UPGRADE = "upgrade"  # of licenses that people hold
        ACTIVATIONS = "activations"  # more devices for shared licenses
        RENEWAL = "renewal"  # of a subscription, by the clock

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders")
    buyer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="orders")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.PURCHASE)
    key = models.CharField(
        max_length=64
    )  # of the confirm window or the program's request: the same buys once
    fingerprint = models.CharField(max_length=64)  # of the quote that was shown
    currency = models.CharField(max_length=3)
    net = models.BigIntegerField()
    total = models.BigIntegerField()
    taxes = models.JSONField(default=list)  # [{name, rate (thousandths of a percent), amount}]
    placed_at = models.DateTimeField(default=clock.now)
    paid_at = models.DateTimeField(null=True)
    canceled_at = models.DateTimeField(null=True)
    # Of a renewal: which subscription, the period that it pays for, and when its stored method is charged next.
    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, null=True, related_name="renewals"
    )
    period_from = models.DateField(null=True)
    charge_due_at = models.DateTimeField(null=True)
    refused_charges = models.PositiveSmallIntegerField(default=0)

    objects = Orders.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="a_key_buys_once"),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(paid_at=None, canceled_at=None) & ~Q(kind="renewal"),
                name="one_open_purchase_per_account",
            ),
            models.UniqueConstraint(
                fields=["subscription", "period_from"],
                condition=Q(kind="renewal", canceled_at=None),
                name="a_period_is_renewed_once",
            ),
            models.CheckConstraint(condition=Q(paid_at=None) | Q(canceled_at=None), name="paid_or_canceled"),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="orders_of_account"),
            models.Index(
                fields=["charge_due_at", "id"],
                name="charges_due",
                condition=Q(paid_at=None, canceled_at=None, charge_due_at__isnull=False),
            ),
        ]

    @property
    def number(self) -> str:
        """How people call a purchase: the random end of its key."""
        return self.pk.hex[-8:].upper()

    @property
    def amount(self) -> Money:
        return Money(self.total, self.currency)

    @property
    def net_money(self) -> Money:
        return Money(self.net, self.currency)

    @property
    def licenses(self) -> int:
        return sum(line.quantity for line in self.lines.all())

    @property
    def is_open(self) -> bool:
        return self.paid_at is None and self.canceled_at is None

    @property
    def standing(self) -> str:
        """paid, canceled, processing (the bank has it), refused (and may be tried again) or open."""
        if self.paid_at:
            return "paid"
        if self.canceled_at:
            return "canceled"
        if self.payment.with_bank_since:
            return "processing"
        return "refused" if self.payment.reason else "open"

    @property
    def tax_lines(self) -> list[dict[str, Any]]:
        """Every tax with its percentage and amount."""
        return [
            {"name": tax["name"], "percent": tax["rate"] / 1000, "money": Money(tax["amount"], self.currency)}
            for tax in self.taxes
        ]

    @property
    def what(self) -> str:
        return ", ".join(f"{line.quantity} {line.plan_name}" for line in self.lines.all())


class OrderLine(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    plan_name = models.CharField(max_length=60)
    interval = models.CharField(max_length=5, choices=Interval)
    quantity = models.PositiveIntegerField()
    # Of licenses that the account has already: what they were, and what of it is paid.
    old_plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, related_name="+")
    old_price = models.BigIntegerField(default=0)  # for a whole interval
    activations = models.PositiveSmallIntegerField(default=0)  # more for each license
    unit_price = models.BigIntegerField()  # for a whole interval
    unit_due = models.BigIntegerField()  # until the common renewal
    net = models.BigIntegerField()
    days = models.PositiveSmallIntegerField()
    days_of_period = models.PositiveSmallIntegerField()
    renews_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(net=models.F("unit_due") * models.F("quantity")), name="line_adds_up"
            )
        ]

    @property
    def is_whole(self) -> bool:
        return self.days == self.days_of_period

    @property
    def price(self) -> Money:
        return Money(self.unit_price, self.order.currency)

    @property
    def is_change(self) -> bool:
        """Of licenses that the account had already."""
        return self.old_plan_id is not None

    @property
    def old_plan_name(self) -> str:
        return self.old_plan.name if self.old_plan else ""

    @property
    def paid_price(self) -> Money:
        return Money(self.old_price, self.order.currency)

    @property
    def due_each(self) -> Money:
        return Money(self.unit_due, self.order.currency)

    @property
    def due(self) -> Money:
        return Money(self.net, self.order.currency)


class Grant(models.Model):
    """That an order's line paid for this license: the database lets it be given out once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="grants")
    number = models.PositiveIntegerField()  # 1 to the line's quantity
    license = models.OneToOneField(License, on_delete=models.PROTECT, related_name="grant")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "number"], name="granted_once")]


class OrderedLicense(models.Model):
    """A license that an order's line changes: one that the account has already."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="ordered")
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="ordered")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "license"], name="ordered_once")]
