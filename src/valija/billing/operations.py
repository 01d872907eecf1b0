"""What can be done with the cart and with purchases. A purchase happens once, for the amount that was shown."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.tasks import task
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.billing import providers
from valija.billing.granting import grant
from valija.billing.models import CartLine, LedgerEntry, NoticeReceipt, Order, OrderLine, Payment, TaxRate
from valija.billing.providers import Charge, Outcome
from valija.billing.quote import PlanNotSold, Quote, quote_cart
from valija.billing.taxes import shipped_rates
from valija.core import actor, clock, sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Interval, Plan
from valija.mail import letters
from valija.mail import operations as mail

log = logging.getLogger(__name__)
MOST_AT_ONCE = 500
ABANDONED = timedelta(days=1)  # a payment page that nobody came back to


class QuantityNotValid(InvalidInput):
    code = "quantity_not_valid"
    field = "quantity"
    sentence = _("Enter a whole number from 1 to %(most)s. For more licenses please write to your provider.")


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


# The cart


@transaction.atomic
def add_to_cart(
    account: Account, plan: Plan, quantity: int, *, by: Actor, interval: str = Interval.YEAR
) -> CartLine:
    """Put licenses into the account's cart; the same plan merges with what is there."""
    by.require(Permission.CART_CHANGE, account)
    _require_sold(plan, interval, account)
    # Two tabs may add at once: the account is held, so neither addition is lost.
    sql.locked(Account.objects.all(), pk=account.pk)
    line = CartLine.objects.filter(account=account, plan=plan, interval=interval).first()
    line = line or CartLine(account=account, plan=plan, interval=interval, quantity=0)
    line.quantity = _checked(quantity + line.quantity if quantity > 0 else quantity)
    line.save()
    journal.record(Event.CART_CHANGED, by=by, about=line, quantity=line.quantity, plan=plan.name)
    return line


@transaction.atomic
def change_cart_line(account: Account, line: CartLine, quantity: int, *, by: Actor) -> CartLine:
    """Buy another number of licenses than the cart says."""
    by.require(Permission.CART_CHANGE, account)
    sql.locked(Account.objects.all(), pk=account.pk)
    line.quantity = _checked(quantity)
    if CartLine.objects.filter(account=account, pk=line.pk).update(quantity=line.quantity):
        journal.record(Event.CART_CHANGED, by=by, about=line, quantity=line.quantity, plan=line.plan.name)
    return line


@transaction.atomic
def remove_from_cart(account: Account, line: CartLine, *, by: Actor) -> None:
    """Take a line out of the cart."""
    by.require(Permission.CART_CHANGE, account)
    if CartLine.objects.filter(account=account, pk=line.pk).delete()[0]:
        journal.record(Event.CART_CHANGED, by=by, account_id=account.pk, quantity=0, plan=line.plan.name)


def _require_sold(plan: Plan, interval: str, account: Account) -> None:
    priced = plan.prices.current().filter(interval=interval, currency=account.currency).exists()
    if plan.withdrawn_at or plan.on_request or not priced:
        raise PlanNotSold(plan=plan.name)


def _checked(quantity: int) -> int:
    if not 1 <= quantity <= MOST_AT_ONCE:
        raise QuantityNotValid(most=MOST_AT_ONCE)
    return quantity


# Buying


def place_order(account: Account, buyer: User, *, shown: str, key: str, by: Actor) -> Order:
    """Confirm the cart at the quote that was shown, and open its payment page.

    `shown` is the fingerprint of that quote, `key` that of the window it was shown in. A second press, a refresh, a
    second tab or a second administrator get the same purchase, whatever became of it.
    """
    by.require(Permission.ORDER_PLACE, account)
    order = _write_order(account, buyer, shown=shown, key=key, by=by)
    return open_payment_page(order)


def _write_order(account: Account, buyer: User, *, shown: str, key: str, by: Actor) -> Order:
    for _attempt in range(3):
        with transaction.atomic():
            account = sql.locked(Account.objects.all(), pk=account.pk)
            found = list(account.orders.open_or_of(key).select_related("payment"))
            same = next((order for order in found if order.key == key), None)
            if same is not None and same.canceled_at is None:
                return same
            earlier = next((order for order in found if order.is_open), None)
            quote = quote_cart(account)
            if earlier is not None and earlier.fingerprint == quote.fingerprint == shown:
                return earlier
            if earlier is None:
                return _placed(
                    account,
                    buyer,
                    quote,
                    shown,
                    key if same is None else f"{key[:40]}-{clock.now():%H%M%S%f}",
                    by,
                )
        # Another cart is confirmed while a payment page is open: that page must not charge any more.
        _cancel(earlier, by)
    assert earlier is not None
    raise PaymentUnderWay(total=earlier.amount)


def _placed(account: Account, buyer: User, quote: Quote, shown: str, key: str, by: Actor) -> Order:
    if not quote.lines:
        raise EmptyCart
    if quote.fingerprint != shown:
        raise QuoteChanged(total=quote.due)
    order = Order.objects.create(
        account=account,
        buyer=buyer,
        key=key,
        fingerprint=shown,
        currency=quote.currency,
        net=quote.net,
        total=quote.total,
        taxes=[{"name": tax.name, "rate": tax.rate, "amount": tax.amount} for tax in quote.taxes],
    )
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order, plan_id=line.plan_id, plan_name=line.plan_name, interval=line.interval, quantity=line.quantity,
            unit_price=line.unit_price, unit_due=line.unit_due, net=line.net, days=line.days,
            days_of_period=line.days_of_period, renews_on=line.renewal_day,
        )
        for line in quote.lines
    )  # fmt: skip
    Payment.objects.create(order=order, provider=settings.PAYMENT_PROVIDER)
    journal.record(Event.ORDER_PLACED, by=by, about=order, order=order.number, total=order.amount)
    return order


def open_payment_page(order: Order) -> Order:
    """Make the provider know the payment; asked twice with the same key, it opens one."""
    payment = order.payment
    if payment.reference is None:
        started = providers.provider(payment.provider).start(
            Charge(
                key=str(payment.pk),
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
    open_payment_page(order)
    assert order.payment.reference is not None
    outcome = providers.provider(order.payment.provider).cancel(order.payment.reference)
    settle_payment(order.payment, outcome, by=by)
    if outcome.state == "processing":
        raise PaymentUnderWay(total=order.amount)


# Being paid


@transaction.atomic
def settle_payment(payment: Payment, outcome: Outcome, *, by: Actor) -> Order:
    """Bring a purchase to where its payment stands: grant the licenses once, tell refusals once, close what is canceled."""
    account = sql.locked(Account.objects.all(), pk=payment.order.account_id)
    # Payments change only while their order is held; on PostgreSQL the joined row may be older than the lock.
    order = sql.locked(Order.objects.select_related("buyer"), pk=payment.order_id)
    payment = Payment.objects.get(pk=payment.pk)
    if order.paid_at or order.canceled_at:
        return order
    order.payment = payment
    _note_standing(order, payment, outcome, by)
    if outcome.state == "paid":
        _paid(account, order, outcome, by)
    elif outcome.state == "canceled":
        order.canceled_at = clock.now()
        order.save(update_fields=["canceled_at"])
        journal.record(Event.ORDER_CANCELED, by=by, about=order, order=order.number)
    return order


def _note_standing(order: Order, payment: Payment, outcome: Outcome, by: Actor) -> None:
    changed = []
    if outcome.refusals > payment.refusals:
        reason = providers.REASONS.get(outcome.reason, providers.REASONS["card_declined"])
        journal.record(Event.PAYMENT_REFUSED, by=by, about=order, order=order.number, reason=reason)
        payment.refusals, payment.reason = outcome.refusals, outcome.reason
        changed += ["refusals", "reason"]
    if (outcome.state == "processing") != (payment.with_bank_since is not None):
        payment.with_bank_since = clock.now() if outcome.state == "processing" else None
        changed.append("with_bank_since")
    if changed:
        payment.save(update_fields=changed)


class AmountDiffers(Refusal):
    """A bug or a forgery, for a person to look at."""

    code = "amount_differs"
    sentence = _(
        "The payment of purchase %(order)s is over another amount than was confirmed. No licenses were added; please write to your provider."
    )


def _paid(account: Account, order: Order, outcome: Outcome, by: Actor) -> None:
    if (outcome.amount, outcome.currency) != (order.total, order.currency):
        log.error(
            "order %s: %s %s paid for %s %s",
            order.pk,
            outcome.amount,
            outcome.currency,
            order.total,
            order.currency,
        )
        raise AmountDiffers(order=order.number)
    order.paid_at = clock.now()
    order.save(update_fields=["paid_at"])
    lines = list(order.lines.select_related("plan"))
    grant(account, order, lines, by=by)
    _enter(order)
    for line in lines:
        _take_from_cart(account, line)
    journal.record(Event.ORDER_PAID, by=by, about=order, order=order.number, total=order.amount)
    mail.write_letter(
        letters.ORDER_PAID,
        order.buyer,
        link=f"{settings.URL}/users",
        order=order.number,
        total=order.amount,
        what=", ".join(f"{line.quantity} {line.plan_name}" for line in lines),
        renews=lines[0].renews_on,
    )


def _enter(order: Order) -> None:
    books = [(LedgerEntry.Book.PROVIDER, order.total), (LedgerEntry.Book.REVENUE, -order.net)]
    books += [(LedgerEntry.Book.TAX, -tax["amount"]) for tax in order.taxes]
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            account_id=order.account_id, order=order, book=book, amount=amount, currency=order.currency
        )
        for book, amount in books
    )


def _take_from_cart(account: Account, line: OrderLine) -> None:
    """What was bought leaves the cart; what was added meanwhile stays."""
    in_cart = CartLine.objects.filter(account=account, plan_id=line.plan_id, interval=line.interval)
    in_cart.filter(quantity__lte=line.quantity).delete()
    in_cart.update(quantity=F("quantity") - line.quantity)


def look_after(order: Order, *, by: Actor) -> Order:
    """Ask the provider how an open purchase stands, and bring it there."""
    payment = order.payment
    if order.paid_at or order.canceled_at or payment.reference is None:
        return order
    return settle_payment(payment, providers.provider(payment.provider).look(payment.reference), by=by)


def receive_notice(provider_name: str, headers: Mapping[str, str], body: bytes, *, by: Actor) -> bool:
    """Act on a provider's notice, once. Whether it was new. What it claims is not believed: the provider is asked.

    Raises:
        NoticeNotGenuine: it is not signed by the provider.
    """
    provider = providers.provider(provider_name)
    notice = provider.read_notice(headers, body)
    payment = (
        Payment.objects.select_related("order")
        .filter(provider=provider.name, reference=notice.reference)
        .first()
    )
    outcome = provider.look(notice.reference) if payment else None
    try:
        with transaction.atomic():
            NoticeReceipt.objects.create(provider=provider.name, notice=notice.id)
            if payment and outcome:
                settle_payment(payment, outcome, by=by)
    except IntegrityError:
        if NoticeReceipt.objects.filter(provider=provider.name, notice=notice.id).exists():
            return False
        raise
    return True


@task
def look_after_open_orders() -> int:
    """Ask after purchases whose notice may be lost, and close the abandoned; the clock does this every minute."""
    now = clock.now()
    open_orders = Order.objects.open().exclude(payment__reference=None).select_related("payment")
    orders = list(open_orders.order_by("payment__looked_at")[:200])
    Payment.objects.filter(order__in=orders).update(looked_at=now)
    for order in orders:
        try:
            if order.placed_at < now - ABANDONED and not order.payment.with_bank_since:
                _cancel(order, actor.clock())
            else:
                look_after(order, by=actor.clock())
        except Refusal as refusal:  # one that cannot be asked now must not keep the others waiting
            log.warning("order %s: %s", order.pk, refusal.code)
    return len(orders)


@transaction.atomic
def install_tax_rates() -> None:
    """Fill an empty table of taxes with the rates that are shipped."""
    if not TaxRate.objects.exists():
        TaxRate.objects.bulk_create(shipped_rates())
