"""Being paid."""

import logging
from collections.abc import Mapping

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.billing import providers
from valija.billing.models import CartLine, LedgerEntry, NoticeReceipt, Order, OrderLine, Payment, StoringPage
from valija.billing.operations.delivering import deliver_changes, deliver_renewal
from valija.billing.operations.granting import grant
from valija.billing.operations.methods import keep_first_method, keep_method, look_after_storing
from valija.billing.providers import Outcome
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.mail import letters
from valija.mail import operations as mail

log = logging.getLogger(__name__)


@transaction.atomic
def settle_payment(payment: Payment, outcome: Outcome, *, by: Actor) -> Order:
    """Bring a purchase to where its payment stands: grant the licenses once, tell refusals once, close what is canceled."""
    account = sql.locked(Account.objects.all(), pk=payment.order.account_id)
    # Payments change only while their order is held; on PostgreSQL the joined row may be older than the lock.
    order = sql.locked(Order.objects.select_related("buyer"), pk=payment.order_id)
    reference, payment = payment.reference, Payment.objects.get(pk=payment.pk)
    order.payment = payment
    if order.paid_at or order.canceled_at:
        return order
    if reference != payment.reference and outcome.state != "paid":  # news of a way to pay that was put aside
        return order
    _note_standing(order, payment, outcome, by)
    if outcome.state == "paid":
        _paid(account, order, outcome, by)
        if outcome.method:
            # Whoever pays a renewal with another card means the next ones too.
            keep = keep_method if order.kind == Order.Kind.RENEWAL else keep_first_method
            keep(account, payment.provider, outcome.method, by=by)
    elif outcome.state == "canceled" and order.kind == Order.Kind.RENEWAL:
        put_aside(payment)
    elif outcome.state == "canceled":
        order.canceled_at = clock.now()
        order.save(update_fields=["canceled_at"])
        journal.record(Event.ORDER_CANCELED, by=by, about=order, order=order.number)
    return order


def put_aside(payment: Payment) -> None:
    """Forget a way to pay that is impossible now: the order stays open, to be paid in another."""
    Payment.objects.filter(pk=payment.pk, reference=payment.reference, round=payment.round).update(
        reference=None, page_url="", refusals=0, reason="", with_bank_since=None, round=payment.round + 1,
        provider=settings.PAYMENT_PROVIDER,
    )  # fmt: skip
    payment.refresh_from_db()


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
    lines = list(order.lines.select_related("plan", "old_plan"))
    _enter(order)
    match order.kind:
        case Order.Kind.PURCHASE:
            _deliver_purchase(account, order, lines, by)
        case Order.Kind.RENEWAL:
            deliver_renewal(account, order, by=by)
        case _:
            deliver_changes(account, order, lines, by=by)


def _deliver_purchase(account: Account, order: Order, lines: list[OrderLine], by: Actor) -> None:
    grant(account, order, lines, by=by)
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
    books = [(book, amount) for book, amount in books if amount]
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            account_id=order.account_id, order=order, book=book, amount=amount, currency=order.currency
        )
        for book, amount in books
    )


def _take_from_cart(account: Account, line: OrderLine) -> None:
    """What was bought leaves the cart; what was added meanwhile stays."""
    in_cart = CartLine.objects.filter(account=account, plan_id=line.plan_id, interval=line.interval)
    if not in_cart.filter(quantity__lte=line.quantity).delete()[0]:
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
    if payment is None:
        page = StoringPage.objects.filter(provider=provider.name, reference=notice.reference).first()
        if page:
            look_after_storing(page, by=by)
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
