"""What the test provider does with cards, and the notices it posts about it."""

import hashlib
import hmac
import json
import logging
from base64 import b64encode
from datetime import timedelta
from uuid import UUID

import httpx
from django.conf import settings
from django.db import transaction
from django.tasks import task
from standardwebhooks import Webhook

from valija.billing.providers import Charge, Method, Outcome, Refunded, Storing
from valija.billing.providers.test.cards import CARDS, Card, Typed
from valija.billing.providers.test.models import (
    TestCharge,
    TestMethod,
    TestNotice,
    TestPayment,
    TestRefund,
)
from valija.core import clock, sql

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=30)
GIVES_UP_AFTER = 12


def notice_secret() -> str:
    """The key that signs the notices, derived from the installation's own."""
    key = hmac.new(settings.SECRET_KEY.encode(), b"valija test provider notices", hashlib.sha256).digest()
    return f"whsec_{b64encode(key).decode()}"


def open_payment(charge: Charge) -> TestPayment:
    """Know a payment; asked twice with the same key, know it once."""
    payment, _new = TestPayment.objects.get_or_create(
        key=charge.key,
        defaults={
            "amount": charge.amount, "currency": charge.currency, "description": charge.description[:500],
            "email": charge.email, "language": charge.language, "return_url": charge.return_url,
        },
    )  # fmt: skip
    return payment


def open_storing(storing: Storing) -> TestPayment:
    """Know a card that is to be stored; asked twice with the same key, know it once."""
    page, _new = TestPayment.objects.get_or_create(
        key=storing.key,
        defaults={
            "only_stores": True, "amount": 0, "currency": "EUR", "email": storing.email,
            "language": storing.language, "return_url": storing.return_url,
        },
    )  # fmt: skip
    return page


def look(reference: str) -> Outcome:
    """How a payment stands now; a slow bank whose time has come answers first."""
    known = TestPayment.objects.select_related("charge", "method")
    payment = known.get(pk=reference)
    if payment.answer_at is not None and payment.answer_at <= clock.now():
        _answer_late(payment.pk)
        payment = known.get(pk=reference)
    return outcome(payment)


def stored(reference: str) -> Method | None:
    """The card that a page stored, while it is kept."""
    method = TestPayment.objects.select_related("method").get(pk=reference).method
    return None if method is None or method.forgotten_at else method_of(method)


def method_of(method: TestMethod) -> Method:
    return Method(str(method.pk), method.label, method.expires_on)


def forget(reference: str) -> None:
    """Keep a card no longer."""
    TestMethod.objects.filter(pk=reference, forgotten_at=None).update(forgotten_at=clock.now())


def outcome(payment: TestPayment) -> Outcome:
    """How a payment stands."""
    if hasattr(payment, "charge"):
        state = "paid"
    elif payment.canceled_at:
        state = "canceled"
    elif payment.processing_at:
        state = "processing"
    else:
        state = "open"
    method = payment.method
    kept = method_of(method) if method and not method.forgotten_at else None
    return Outcome(state, payment.amount, payment.currency, payment.refusals, payment.reason, kept)


@transaction.atomic
def pay(payment_id: UUID, number: str, expiry: str = "12 / 99", cvc: str = "123") -> TestPayment:
    """Charge a card once, or store it. What is paid, stored, canceled or under way stays as it is."""
    payment = sql.locked(TestPayment.objects.all(), pk=payment_id)
    if _is_over(payment) or payment.processing_at:
        return payment
    typed = Typed(number, expiry, cvc)
    payment.card = typed.digits[-4:]
    if typed.fault:
        return _refuse(payment, typed.fault)
    card = CARDS[typed.digits]
    assert typed.last_day is not None
    payment.method = TestMethod.objects.create(number=card.number, expires_on=typed.last_day)
    if card.confirms:  # a second press asks again, it does not stand for the holder's consent
        payment.confirming_at = clock.now()
        payment.save()
        return payment
    if card.answers_after is not None and not payment.only_stores:
        return _process(payment, card)
    return _answer(payment, card)


def _is_over(payment: TestPayment) -> bool:
    stored = payment.only_stores and payment.method_id and not payment.confirming_at
    return bool(hasattr(payment, "charge") or payment.canceled_at or stored)


def _process(payment: TestPayment, card: Card) -> TestPayment:
    assert card.answers_after is not None
    payment.processing_at = clock.now()
    payment.answer_at = payment.processing_at + card.answers_after
    payment.save()
    return payment


class NoAnswer(Exception):
    """The line broke after the card was charged."""


def charge_method(reference: str, method: str, *, attempt: int) -> Outcome:
    """Charge a stored card without its holder.

    Raises:
        NoAnswer: it may be charged; only asking tells.
    """
    payment, answered = _charge_method(reference, method, attempt)
    if not answered:
        raise NoAnswer
    return outcome(payment)


@transaction.atomic
def _charge_method(reference: str, method_id: str, attempt: int) -> tuple[TestPayment, bool]:
    payment = sql.locked(TestPayment.objects.all(), pk=reference)
    if _is_over(payment) or payment.processing_at or payment.refusals >= attempt:
        return payment, True
    method = TestMethod.objects.get(pk=method_id)
    card = CARDS[method.number]
    payment.card, payment.method = method.number[-4:], method
    if not method.is_good_on(clock.today()):
        return _refuse(payment, "card_expired"), True
    if card.later not in ("approved", "times_out"):
        return _refuse(payment, card.later), True
    if card.answers_after is not None:
        return _process(payment, card), True
    return _answer(payment, card), card.later == "approved"


@transaction.atomic
def ask_holder(reference: str, method: str) -> TestPayment:
    """Let the card's holder confirm a payment that his bank did not allow without him."""
    payment = sql.locked(TestPayment.objects.all(), pk=reference)
    if not (_is_over(payment) or payment.processing_at):
        payment.method = TestMethod.objects.get(pk=method)
        payment.card, payment.confirming_at = payment.method.number[-4:], clock.now()
        payment.save()
    return payment


@transaction.atomic
def give_back(reference: str, amount: int, *, key: str) -> Refunded:
    """Give back a part of a charge, never more than is left of it."""
    charge = sql.locked(TestCharge.objects.all(), payment_id=reference)
    if TestRefund.objects.filter(key=key).exists():
        return Refunded("done")
    returned = sum(charge.refunds.values_list("amount", flat=True))
    if amount <= 0 or returned + amount > charge.amount:
        return Refunded("refused", "more than was paid")
    TestRefund.objects.create(charge=charge, key=key, amount=amount)
    return Refunded("done")


@transaction.atomic
def confirm(payment_id: UUID, *, agreed: bool) -> TestPayment:
    """What the card's holder told his bank."""
    payment = sql.locked(TestPayment.objects.all(), pk=payment_id)
    if _is_over(payment) or payment.confirming_at is None:
        return payment
    payment.confirming_at = None
    return _charge(payment) if agreed else _refuse(payment, "authentication_failed")


@transaction.atomic
def cancel_payment(reference: str) -> Outcome:
    """Make a payment impossible, unless it is paid or with the bank."""
    payment = sql.locked(TestPayment.objects.all(), pk=reference)
    if not (_is_over(payment) or payment.processing_at):
        payment.canceled_at = clock.now()
        payment.save()
    return outcome(payment)


def _answer(payment: TestPayment, card: Card) -> TestPayment:
    if card.answer == "approved":
        return _charge(payment, times=card.notices, delay=card.notice_delay)
    return _refuse(payment, card.answer)


def _charge(payment: TestPayment, *, times: int = 1, delay: timedelta = timedelta(0)) -> TestPayment:
    payment.processing_at = payment.answer_at = payment.confirming_at = None
    payment.save()
    if payment.only_stores:
        _tell(payment, "card.stored", times=times, delay=delay)
        return payment
    TestCharge.objects.create(payment=payment, amount=payment.amount, currency=payment.currency)
    _tell(payment, "payment.succeeded", times=times, delay=delay)
    return payment


def _refuse(payment: TestPayment, reason: str) -> TestPayment:
    payment.processing_at = payment.answer_at = payment.confirming_at = payment.method = None
    payment.refusals += 1
    payment.reason = reason
    payment.save()
    _tell(payment, "payment.failed")
    return payment


def _tell(payment: TestPayment, kind: str, *, times: int = 1, delay: timedelta = timedelta(0)) -> None:
    TestNotice.objects.create(payment=payment, kind=kind, times=times, due_at=clock.now() + delay)
    if not delay:
        deliver_notices_due.enqueue()


@task
def deliver_notices_due() -> int:
    """Let slow banks answer, then post every notice that is due."""
    for payment in TestPayment.objects.filter(answer_at__lte=clock.now())[:100]:
        _answer_late(payment.pk)
    sent = 0
    while (notice := _claim()) is not None:
        sent += _post(notice)
    return sent


@transaction.atomic
def _answer_late(payment_id: UUID) -> None:
    payment = sql.locked(TestPayment.objects.all(), pk=payment_id)
    if payment.answer_at is None or payment.answer_at > clock.now():
        return
    card = next(card for card in CARDS.values() if card.answers_after and card.number.endswith(payment.card))
    _answer(payment, card)


@transaction.atomic
def _claim() -> TestNotice | None:
    now = clock.now()
    notice = sql.locked_first(TestNotice.objects.due(now))
    if notice is None:
        return None
    notice.attempts += 1
    notice.due_at = now + max(LEASE, timedelta(seconds=2**notice.attempts))
    notice.save(update_fields=["attempts", "due_at"])
    return notice


def _post(notice: TestNotice) -> bool:
    body = json.dumps({"type": notice.kind, "payment": str(notice.payment_id)})
    now = clock.now()
    identity = f"msg_{notice.pk.hex}"
    headers = {
        "webhook-id": identity,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(notice_secret()).sign(identity, now, body),
        "content-type": "application/json",
    }
    try:
        for _time in range(notice.times):
            httpx.post(
                f"{settings.URL}/webhooks/payments/test", content=body, headers=headers, timeout=10
            ).raise_for_status()
    except httpx.HTTPError as error:
        log.warning("notice %s was not taken: %s", notice.pk, error)
        if notice.attempts >= GIVES_UP_AFTER:
            TestNotice.objects.filter(pk=notice.pk).update(given_up_at=now)
        return False
    TestNotice.objects.filter(pk=notice.pk).update(delivered_at=clock.now())
    return True
