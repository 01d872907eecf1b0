"""Buying what is in the cart."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.tasks import task
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.billing import providers
from valija.billing.models import Order, OrderedLicense, OrderLine, Payment
from valija.billing.operations.paying import look_after, settle_payment
from valija.billing.providers import Charge, Outcome
from valija.billing.quote import Quote, quote_cart
from valija.core import actor, clock, sql
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event

log = logging.getLogger(__name__)


ABANDONED = timedelta(days=1)  # a payment page that nobody came back to


class EmptyCart(Refusal):
    code = "empty_cart"
    sentence = _("Your cart is empty. Choose a plan and press “Add”.")


class QuoteChanged(Refusal):
    code = "quote_changed"
    sentence = _(
        "The cart or a price has changed since you saw the amount: it is now %(total)s. Nothing was charged; please check and confirm again."
    )


class PaymentUnderWay(Refusal):
    code = "payment_under_way"
    sentence = _(
        "A payment of %(total)s is with the bank at the moment. Wait for its answer before you buy more."
    )


Quoted = Callable[[Account], Quote]


def place_order(account: Account, buyer: User, *, shown: str, key: str, by: Actor) -> Order:
    """Confirm the cart at the quote that was shown, and open its payment page.

    `shown` is the fingerprint of that quote, `key` that of the window it was shown in. A second press, a refresh, a
    second tab or a second administrator get the same purchase, whatever became of it.
    """
    by.require(Permission.ORDER_PLACE, account)
    return open_payment_page(write_order(account, buyer, quote_cart, shown=shown, key=key, by=by), by=by)


def write_order(account: Account, buyer: User, quoted: Quoted, *, shown: str, key: str, by: Actor) -> Order:
    """An order at the quote that was shown, made again under the account's lock; or the one that is there already."""
    for _attempt in range(3):
        with transaction.atomic():
            account = sql.locked(Account.objects.all(), pk=account.pk)
            found = list(account.orders.open_or_of(key).select_related("payment"))
            same = next((order for order in found if order.key == key), None)
            if same is not None and same.canceled_at is None:
                return same
            earlier = next((order for order in found if order.is_open), None)
            quote = quoted(account)
            if earlier is not None and earlier.fingerprint == quote.fingerprint == shown:
                return earlier
            if earlier is None:
                key = key if same is None else f"{key[:40]}-{clock.now():%H%M%S%f}"
                return _placed(account, buyer, quote, shown, key, by)
        # Another cart is confirmed while a payment page is open: that page must not charge any more.
        _cancel(earlier, by)
    assert earlier is not None
    raise PaymentUnderWay(total=earlier.amount)


def _placed(account: Account, buyer: User, quote: Quote, shown: str, key: str, by: Actor) -> Order:
    if not quote.lines:
        raise EmptyCart
    if quote.fingerprint != shown:
        raise QuoteChanged(total=quote.due)
    order = write_quote(account, buyer, quote, key=key)
    journal.record(Event.ORDER_PLACED, by=by, about=order, order=order.number, total=order.amount)
    return order


def write_quote(account: Account, buyer: User, quote: Quote, *, key: str, **facts: Any) -> Order:
    """The rows of an order: prices copied, amounts fixed, and a payment that nobody has been asked for yet."""
    order = Order.objects.create(
        account=account,
        buyer=buyer,
        kind=quote.kind,
        key=key,
        fingerprint=quote.fingerprint,
        currency=quote.currency,
        net=quote.net,
        total=quote.total,
        taxes=[{"name": tax.name, "rate": tax.rate, "amount": tax.amount} for tax in quote.taxes],
        **facts,
    )
    lines = OrderLine.objects.bulk_create(
        OrderLine(
            order=order, plan_id=line.plan_id, plan_name=line.plan_name, interval=line.interval, quantity=line.quantity,
            unit_price=line.unit_price, unit_due=line.unit_due, net=line.net, days=line.days,
            days_of_period=line.days_of_period, renews_on=line.renewal_day, old_plan_id=line.old_plan_id or None,
            old_price=line.old_price, activations=line.activations,
        )
        for line in quote.lines
    )  # fmt: skip
    OrderedLicense.objects.bulk_create(
        OrderedLicense(line=row, license_id=license)
        for row, line in zip(lines, quote.lines, strict=True)
        for license in line.licenses
    )
    Payment.objects.create(order=order, provider=settings.PAYMENT_PROVIDER)
    return order


def open_payment_page(order: Order, *, by: Actor) -> Order:
    """Make the provider know the payment; asked twice with the same key, it opens one. What costs nothing is paid."""
    payment = order.payment
    if not order.total:
        return settle_payment(payment, Outcome("paid", 0, order.currency), by=by)
    if payment.reference is None:
        started = providers.provider(payment.provider).start(
            Charge(
                key=payment.key,
                amount=order.total,
                currency=order.currency,
                description=f"{order.number}: {order.what}",
                email=order.buyer.email,
                language=order.buyer.language,
                return_url=f"{settings.URL}/purchases/{order.pk}/return",
            )
        )
        payment.reference, payment.page_url = started.reference, started.page_url
        payment.save(update_fields=["reference", "page_url"])
    return order


def _cancel(order: Order, by: Actor) -> None:
    """Close an open purchase so that it can no longer be paid; where it is paid already, see it through.

    Raises:
        PaymentUnderWay: the bank has it; nobody knows yet.
    """
    order = open_payment_page(order, by=by)
    if not order.is_open:
        return
    assert order.payment.reference is not None
    outcome = providers.provider(order.payment.provider).cancel(order.payment.reference)
    settle_payment(order.payment, outcome, by=by)
    if outcome.state == "processing":
        raise PaymentUnderWay(total=order.amount)


def _is_abandoned(order: Order, now: datetime) -> bool:
    """Nobody came back to the payment page. A renewal waits until it is paid."""
    if order.kind == Order.Kind.RENEWAL or order.payment.with_bank_since:
        return False
    return order.placed_at < now - ABANDONED


@task
def look_after_open_orders() -> int:
    """Ask after purchases whose notice may be lost, and close the abandoned; the clock does this every minute."""
    now = clock.now()
    open_orders = Order.objects.open().exclude(payment__reference=None).select_related("payment")
    orders = list(open_orders.order_by("payment__looked_at")[:200])
    Payment.objects.filter(order__in=orders).update(looked_at=now)
    for order in orders:
        try:
            if _is_abandoned(order, now):
                _cancel(order, actor.clock())
            else:
                look_after(order, by=actor.clock())
        except Refusal as refusal:  # one that cannot be asked now must not keep the others waiting
            log.warning("order %s: %s", order.pk, refusal.code)
    return len(orders)
