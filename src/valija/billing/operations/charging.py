"""Charging what is stored, while nobody is there."""

import logging

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from valija.accounts.permissions import Permission
from valija.billing import providers
from valija.billing.models import Order, Payment, PaymentMethod
from valija.billing.operations.methods import stored_method
from valija.billing.operations.paying import settle_payment
from valija.billing.providers import Charge, NoStoredMethod, Outcome, ProviderNotAvailable
from valija.core.actor import Actor
from valija.core.errors import Refusal

log = logging.getLogger(__name__)


class PaymentPageOpen(Refusal):
    code = "payment_page_open"
    sentence = _("The payment page of purchase %(order)s is open. Pay there, or wait until it is closed.")


def charge_stored_method(order: Order, *, by: Actor) -> Order:
    """Charge the account's stored card for an open order, and bring the order to where the payment then stands.

    Call it outside of a transaction; whoever calls it has asked whether he may. It can be called again at any time: a
    payment that went through is found, never made twice. The order's `standing` tells what came of it: paid, refused
    (`order.payment.reason`; "authentication_required" where its holder must confirm, see `open_holder_page`) or
    processing (the bank has not answered; the clock asks again every minute).

    Raises:
        NoStoredMethod: the account has none.
        PaymentPageOpen: the order is being paid on a page.
    """
    order = Order.objects.select_related("payment", "account", "buyer").get(pk=order.pk)
    if not order.is_open:
        return order
    if not order.total:
        return settle_payment(order.payment, Outcome("paid", 0, order.currency), by=by)
    method = stored_method(order.account)
    if method is None:
        raise NoStoredMethod
    payment = _prepared(order, method)
    assert payment.reference is not None
    provider = providers.card_provider(method.provider)
    attempt = payment.refusals + 1
    try:
        outcome = provider.charge(payment.reference, method.reference, attempt=attempt)
    except ProviderNotAvailable:
        outcome = _after_silence(payment, order)
    return settle_payment(payment, outcome, by=by)


def _prepared(order: Order, method: PaymentMethod) -> Payment:
    """The payment with its reference: known before any money moves, so that silence can be asked about."""
    payment = order.payment
    if payment.page_url:
        raise PaymentPageOpen(order=order.number)
    if payment.reference is None:
        payment.provider = method.provider
        payment.reference = providers.card_provider(method.provider).prepare(
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
        payment.save(update_fields=["provider", "reference"])
    return payment


def _after_silence(payment: Payment, order: Order) -> Outcome:
    """The provider did not answer, and may have charged all the same: ask; while he is silent, the bank has it."""
    assert payment.reference is not None
    try:
        return providers.provider(payment.provider).look(payment.reference)
    except ProviderNotAvailable:
        log.warning("order %s: whether its payment went through is not known yet", order.pk)
        return Outcome("processing", order.total, order.currency)


def open_holder_page(order: Order, *, by: Actor) -> str:
    """The page where the card's holder confirms an order that his bank did not allow without him.

    Raises:
        NoStoredMethod: the account has none.
    """
    by.require(Permission.ORDER_PLACE, order.account)
    method = stored_method(order.account)
    if method is None:
        raise NoStoredMethod
    payment = _prepared(order, method)
    assert payment.reference is not None
    return providers.card_provider(payment.provider).holder_page(
        payment.reference,
        method.reference,
        return_url=f"{settings.URL}/purchases/{order.pk}/return",
    )
