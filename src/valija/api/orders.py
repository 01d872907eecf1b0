"""Purchases: confirmed at the amount that was shown, paid on the provider's page."""

import hashlib
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import Field

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.cart import TaxOut
from valija.api.documents import refuses
from valija.api.idempotency import answered_once, key_of
from valija.api.pages import Items, listed
from valija.api.values import Amount, Currency, Cursor, In, IntervalShown, Limit, Out, PlanName
from valija.billing import operations as billing
from valija.billing.models import Order
from valija.billing.providers import ProviderNotAvailable
from valija.billing.quote import PlanNotSold, SubscriptionLapsed, quote_cart
from valija.billing.taxes import NoTaxRate
from valija.core.ids import new_id

router = Router(tags=["orders"])


class ShownQuote(In):
    """The quote that the program saw."""

    shown: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="`fingerprint` of the quote")]


class StatedTotal(In):
    """The amount that the program accepts, taxes included."""

    total: Annotated[int, Field(ge=0, description="in minor units, taxes included")]
    currency: Currency


class OrderLineOut(Out):
    plan: PlanName
    interval: IntervalShown
    quantity: int
    unit_price: Amount
    unit_due: Amount
    days: int
    days_of_period: int
    net: Amount
    renews_on: date


class OrderOut(Out):
    """A purchase. While it is open, a person pays it on `payment_page`; paid, its licenses are in the pool."""

    id: UUID
    number: str
    state: Literal["open", "paid", "canceled"]
    currency: Currency
    net: Amount
    taxes: list[TaxOut]
    total: Amount
    lines: list[OrderLineOut]
    payment_page: str | None
    refusals: Annotated[int, Field(description="how often the bank refused")]
    refusal_reason: str | None
    placed_at: datetime
    paid_at: datetime | None
    canceled_at: datetime | None

    @classmethod
    def of(cls, order: Order) -> "OrderOut":
        state: Literal["open", "paid", "canceled"] = (
            "paid" if order.paid_at else "canceled" if order.canceled_at else "open"
        )
        return cls(
            id=order.pk, number=order.number, state=state, currency=order.currency, net=order.net, total=order.total,
            taxes=[TaxOut(**tax) for tax in order.taxes],
            lines=[
                OrderLineOut(
                    plan=PlanName(code=line.plan.code, name=line.plan_name), interval=line.interval,
                    quantity=line.quantity, unit_price=line.unit_price, unit_due=line.unit_due, days=line.days,
                    days_of_period=line.days_of_period, net=line.net, renews_on=line.renews_on,
                )
                for line in order.lines.all()
            ],
            payment_page=order.payment.page_url or None if state == "open" else None,
            refusals=order.payment.refusals, refusal_reason=order.payment.reason or None,
            placed_at=order.placed_at, paid_at=order.paid_at, canceled_at=order.canceled_at,
        )  # fmt: skip


REFUSALS = (
    billing.EmptyCart, billing.QuoteChanged, billing.PaymentUnderWay, PlanNotSold, SubscriptionLapsed, NoTaxRate,
    ProviderNotAvailable,
)  # fmt: skip


@router.post(
    "/orders", response={201: OrderOut}, operation_id="place_order", summary="Buy what is in the cart"
)
@refuses(*REFUSALS)
@answered_once
@needs(Permission.ORDER_PLACE)
def place_order(request: ProgramRequest, order: ShownQuote | StatedTotal) -> Status[OrderOut]:
    """Confirm the cart at the amount that was shown; if it costs anything else by now, nothing is ordered and
    `quote_changed` says what it costs. The payment is made on `payment_page`."""
    account = request.auth.account
    key = _order_key(key_of(request))
    shown = order.shown if isinstance(order, ShownQuote) else _accepted(account, order, key)
    placed = billing.place_order(account, request.auth.creator, shown=shown, key=key, by=request.actor)
    return Status(201, OrderOut.of(placed))


def _order_key(key: str) -> str:
    """The purchase's own key, so that the same request buys once even where its answer was lost."""
    return f"api {hashlib.sha256(key.encode()).hexdigest()[:60]}" if key else new_id().hex


def _accepted(account: Account, stated: StatedTotal, key: str) -> str:
    """The fingerprint of the quote whose total the program stated."""
    same = account.orders.filter(key=key).first()
    if same is not None:
        return same.fingerprint
    quote = quote_cart(account)
    if not quote.lines:
        raise billing.EmptyCart
    if (quote.total, quote.currency) != (stated.total, stated.currency):
        raise billing.QuoteChanged(total=quote.due)
    return quote.fingerprint


@router.get("/orders", response=Items[OrderOut], operation_id="list_orders", summary="Purchases")
@needs(Permission.BILLING_SEE)
def list_orders(request: ProgramRequest, cursor: Cursor = "", limit: Limit = 50) -> Items[OrderOut]:
    """The account's purchases, the newest first."""
    orders = request.auth.account.orders.select_related("payment").prefetch_related("lines__plan")
    rows, next = listed(orders, by=("-id", "-id"), limit=limit, cursor=cursor)
    return Items(items=[OrderOut.of(order) for order in rows], next=next)


@router.get("/orders/{order_id}", response=OrderOut, operation_id="show_order", summary="A purchase")
@needs(Permission.BILLING_SEE)
def show_order(request: ProgramRequest, order_id: UUID) -> OrderOut:
    """How a purchase stands. It is paid as soon as the payment provider's notice has arrived."""
    orders = request.auth.account.orders.select_related("payment").prefetch_related("lines__plan")
    return OrderOut.of(get_object_or_404(orders, pk=order_id))
