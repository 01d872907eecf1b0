"""Giving money back."""

import logging
from fractions import Fraction

from django.db import transaction
from django.db.models import Sum
from django.tasks import task
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.billing import providers
from valija.billing.models import LedgerEntry, Order, Refund
from valija.billing.providers import ProviderNotAvailable, Refunded
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.actor import clock as the_clock
from valija.core.errors import InvalidInput, Refusal
from valija.core.money import Money, round_half_up
from valija.journal import journal
from valija.journal.events import Event
from valija.mail import letters
from valija.mail import operations as mail

log = logging.getLogger(__name__)


class NotPaid(Refusal):
    code = "not_paid"
    sentence = _("Purchase %(order)s is not paid, so nothing can be given back.")


class RefundTooLarge(InvalidInput):
    code = "refund_too_large"
    field = "amount"
    sentence = _("%(amount)s is more than is left of this payment. At most %(most)s can be given back.")


class RefundNotValid(InvalidInput):
    code = "refund_not_valid"
    field = "amount"
    sentence = _("Enter an amount above zero.")


class RefundReasonMissing(InvalidInput):
    code = "refund_reason_missing"
    field = "reason"
    sentence = _("Enter the reason: the customer reads it.")


def refundable(order: Order) -> Money:
    """What is left of a payment that can be given back."""
    if not order.paid_at:
        return Money(0, order.currency)
    returned = Refund.objects.counted().filter(order=order).aggregate(sum=Sum("amount"))["sum"] or 0
    return Money(order.total - returned, order.currency)


def refund_order(order: Order, amount: int, reason: str, *, by: Actor) -> Refund:
    """Give back `amount` (minor units) of a paid order. Licenses stay as they are.

    Call it outside of a transaction. Where the provider does not answer, the clock asks again with the same key.
    """
    by.require(Permission.ORDER_REFUND, order.account)
    refund = _asked(order, amount, reason.strip()[:200], by)
    return _ask_provider(refund, by)


@transaction.atomic
def _asked(order: Order, amount: int, reason: str, by: Actor) -> Refund:
    # Two people may refund the same purchase: what the first has asked counts for the second.
    account = sql.locked(Account.objects.all(), pk=order.account_id)
    order = sql.locked(Order.objects.all(), pk=order.pk)
    if not order.paid_at:
        raise NotPaid(order=order.number)
    if not reason:
        raise RefundReasonMissing
    if amount <= 0:
        raise RefundNotValid
    left = refundable(order)
    if amount > left.amount:
        raise RefundTooLarge(amount=Money(amount, order.currency), most=left)
    refund = Refund.objects.create(
        account=account, order=order, amount=amount, currency=order.currency, reason=reason
    )
    journal.record(
        Event.REFUND_ASKED, by=by, about=refund, order=order.number, amount=refund.money, reason=reason
    )
    return refund


def _ask_provider(refund: Refund, by: Actor) -> Refund:
    payment = refund.order.payment
    try:
        assert payment.reference is not None
        answer = providers.provider(payment.provider).refund(
            payment.reference, refund.amount, key=str(refund.pk)
        )
    except ProviderNotAvailable:
        log.warning("refund %s: the provider did not answer; it is asked again", refund.pk)
        return refund
    return _settle(refund, answer, by)


@transaction.atomic
def _settle(refund: Refund, answer: Refunded, by: Actor) -> Refund:
    sql.locked(Account.objects.all(), pk=refund.account_id)
    order = sql.locked(Order.objects.select_related("buyer"), pk=refund.order_id)
    refund = Refund.objects.get(pk=refund.pk)
    if refund.standing != "asked" or answer.state == "processing":
        return refund
    if answer.state == "refused":
        refund.refused_at, refund.refusal = clock.now(), answer.reason[:200]
        refund.save(update_fields=["refused_at", "refusal"])
        journal.record(
            Event.REFUND_REFUSED,
            by=by,
            about=refund,
            order=order.number,
            amount=refund.money,
            reason=refund.refusal,
        )
        return refund
    refund.done_at = clock.now()
    refund.save(update_fields=["done_at"])
    _enter(order, refund)
    journal.record(Event.ORDER_REFUNDED, by=by, about=refund, order=order.number, amount=refund.money)
    mail.write_letter(
        letters.ORDER_REFUNDED,
        order.buyer,
        order=order.number,
        amount=refund.money,
        reason=refund.reason,
    )
    return refund


def _enter(order: Order, refund: Refund) -> None:
    """The taxes go back in their proportion; what cannot be divided stays with the revenue."""
    taxes = [-_part(tax["amount"], refund.amount, order.total) for tax in order.taxes]
    books = [(LedgerEntry.Book.PROVIDER, -refund.amount)]
    books += [(LedgerEntry.Book.TAX, -tax) for tax in taxes]
    books.append((LedgerEntry.Book.REVENUE, refund.amount + sum(taxes)))
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            account_id=order.account_id, order=order, book=book, amount=amount, currency=order.currency
        )
        for book, amount in books
    )


def _part(amount: int, share: int, whole: int) -> int:
    return round_half_up(Fraction(amount * share, whole))


@task
def ask_after_refunds() -> int:
    """Ask again for refunds that the provider has not answered; the clock does this every few minutes."""
    asked = list(Refund.objects.due().select_related("order__payment").order_by("asked_at")[:100])
    for refund in asked:
        _ask_provider(refund, the_clock())
    return len(asked)
