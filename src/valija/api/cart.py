"""The account's cart, and what it costs."""

from datetime import date
from typing import Annotated
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import Field

from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.documents import refuses
from valija.api.idempotency import done_once
from valija.api.plans import PlanNotKnown, plan_of
from valija.api.values import Amount, Code, Currency, In, Interval, IntervalShown, Out, PlanName
from valija.billing import operations as billing
from valija.billing.models import CartLine
from valija.billing.quote import PlanNotSold, Quote, QuoteLine, Renewal, SubscriptionLapsed, quote_cart
from valija.billing.taxes import NoTaxRate, Tax

router = Router(tags=["cart"])
Quantity = Annotated[int, Field(ge=1, le=billing.MOST_AT_ONCE, description="number of licenses")]


class CartLineIn(In):
    plan: Code
    quantity: Quantity
    interval: Interval = "year"


class QuantityIn(In):
    quantity: Quantity


class CartLineOut(Out):
    id: UUID
    plan: PlanName
    interval: IntervalShown
    quantity: int

    @classmethod
    def of(cls, line: CartLine) -> "CartLineOut":
        return cls(id=line.pk, plan=PlanName.of(line.plan), interval=line.interval, quantity=line.quantity)


class CartOut(Out):
    lines: list[CartLineOut]


class TaxOut(Out):
    """A tax: its rate is in thousandths of a percent (21000 is 21 %)."""

    name: str
    rate: int
    amount: Amount

    @classmethod
    def of(cls, tax: Tax) -> "TaxOut":
        return cls(name=tax.name, rate=tax.rate, amount=tax.amount)


class QuoteLineOut(Out):
    """So many licenses until the common renewal: net = quantity x unit_due; unit_due = unit_price x days / days_of_period."""

    plan: PlanName
    interval: IntervalShown
    quantity: int
    unit_price: Amount
    unit_due: Amount
    days: int
    days_of_period: int
    net: Amount
    renews_on: date

    @classmethod
    def of(cls, line: QuoteLine) -> "QuoteLineOut":
        return cls(
            plan=PlanName(code=line.plan_code, name=line.plan_name), interval=line.interval, quantity=line.quantity,
            unit_price=line.unit_price, unit_due=line.unit_due, days=line.days, days_of_period=line.days_of_period,
            net=line.net, renews_on=line.renewal_day,
        )  # fmt: skip


class RenewalOut(Out):
    """What all licenses of an interval, those in the cart included, will cost when they renew."""

    interval: IntervalShown
    renews_on: date
    licenses: int
    net: Amount
    taxes: list[TaxOut]
    total: Amount

    @classmethod
    def of(cls, renewal: Renewal) -> "RenewalOut":
        taxes = [TaxOut.of(tax) for tax in renewal.taxes]
        return cls(
            interval=renewal.interval, renews_on=renewal.day, licenses=renewal.licenses, net=renewal.net, taxes=taxes,
            total=renewal.total.amount,
        )  # fmt: skip


class QuoteOut(Out):
    """What the cart costs today. Its fingerprint, or total and currency, is what an order is placed with."""

    fingerprint: str
    currency: Currency
    lines: list[QuoteLineOut]
    net: Amount
    taxes: list[TaxOut]
    total: Amount
    renewals: list[RenewalOut]

    @classmethod
    def of(cls, quote: Quote) -> "QuoteOut":
        return cls(
            fingerprint=quote.fingerprint, currency=quote.currency, net=quote.net, total=quote.total,
            lines=[QuoteLineOut.of(line) for line in quote.lines], taxes=[TaxOut.of(tax) for tax in quote.taxes],
            renewals=[RenewalOut.of(renewal) for renewal in quote.renewals],
        )  # fmt: skip


@router.get("/cart", response=CartOut, operation_id="show_cart", summary="The cart")
@needs(Permission.CART_CHANGE)
def show_cart(request: ProgramRequest) -> CartOut:
    """The lines of the cart. It is the account's: people see and change the same one in the portal."""
    lines = request.auth.account.cart.select_related("plan").order_by("interval", "plan__rank")
    return CartOut(lines=[CartLineOut.of(line) for line in lines])


@router.post(
    "/cart/lines", response={201: CartLineOut}, operation_id="add_to_cart", summary="Add licenses to the cart"
)
@refuses(PlanNotKnown, PlanNotSold, billing.QuantityNotValid)
@done_once
@needs(Permission.CART_CHANGE)
def add_to_cart(request: ProgramRequest, line: CartLineIn) -> Status[CartLineOut]:
    """Put licenses of a plan into the cart; a line of the same plan and interval grows by as many."""
    account = request.auth.account
    plan = plan_of(line.plan)
    added = billing.add_to_cart(account, plan, line.quantity, interval=line.interval, by=request.actor)
    return Status(201, CartLineOut.of(added))


@router.patch(
    "/cart/lines/{line_id}", response=CartLineOut, operation_id="change_cart_line", summary="Change a line"
)
@needs(Permission.CART_CHANGE)
def change_cart_line(request: ProgramRequest, line_id: UUID, line: QuantityIn) -> CartLineOut:
    """Buy another number of licenses than the line says."""
    account = request.auth.account
    changed = get_object_or_404(account.cart.select_related("plan"), pk=line_id)
    return CartLineOut.of(billing.change_cart_line(account, changed, line.quantity, by=request.actor))


@router.delete(
    "/cart/lines/{line_id}", response={204: None}, operation_id="remove_from_cart", summary="Remove a line"
)
@needs(Permission.CART_CHANGE)
def remove_from_cart(request: ProgramRequest, line_id: UUID) -> Status[None]:
    """Take a line out of the cart."""
    account = request.auth.account
    billing.remove_from_cart(
        account, get_object_or_404(account.cart.select_related("plan"), pk=line_id), by=request.actor
    )
    return Status(204, None)


@router.get("/quote", response=QuoteOut, operation_id="quote_cart", summary="What the cart costs")
@refuses(PlanNotSold, SubscriptionLapsed, NoTaxRate)
@needs(Permission.CART_CHANGE)
def show_quote(request: ProgramRequest) -> QuoteOut:
    """What is due now (pro rata to the common renewal), taxes, and what will be due at renewal, with the arithmetic."""
    return QuoteOut.of(quote_cart(request.auth.account))
