"""What the test provider does with cards, and the notices it posts about it."""

import hashlib
import hmac
import json
import logging
from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
from django.conf import settings
from django.db import transaction
from django.tasks import task
from standardwebhooks import Webhook

from valija.billing.providers import Charge, Outcome
from valija.billing.providers.test.models import TestCharge, TestNotice, TestPayment
from valija.core import clock, sql

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=30)
GIVES_UP_AFTER = 12
NEVER = timedelta(minutes=15)  # a bank that never answers: the provider then says so


@dataclass(frozen=True)
class Card:
    """How a test card behaves."""

    number: str
    answer: str  # approved, or the reason of a refusal
    confirms: bool = False  # the bank asks its holder first
    answers_after: timedelta | None = None
    notices: int = 1
    notice_delay: timedelta = timedelta(0)


CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242", "approved"),
        Card("4000000000000002", "card_declined"),
        Card("4000000000009995", "insufficient_funds"),
        Card("4000000000003220", "approved", confirms=True),
        Card("4000000000000077", "approved", answers_after=timedelta(seconds=5)),
        Card("4000000000000259", "no_answer", answers_after=NEVER),
        Card("4000000000000341", "approved", notices=2),
        Card("4000000000000416", "approved", notice_delay=timedelta(seconds=20)),
    )
}


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


def look(reference: str) -> Outcome:
    """How a payment stands now; a slow bank whose time has come answers first."""
    payment = TestPayment.objects.select_related("charge").get(pk=reference)
    if payment.answer_at is not None and payment.answer_at <= clock.now():
        _answer_late(payment.pk)
        payment = TestPayment.objects.select_related("charge").get(pk=reference)
    return outcome(payment)


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
    return Outcome(state, payment.amount, payment.currency, payment.refusals, payment.reason)


@transaction.atomic
def pay(payment_id: UUID, number: str) -> TestPayment:
    """Charge a card, once. A payment that is paid, canceled or under way stays as it is."""
    payment = sql.locked(TestPayment.objects.all(), pk=payment_id)
    if hasattr(payment, "charge") or payment.canceled_at or payment.processing_at:
        return payment
    digits = "".join(character for character in number if character.isdigit())
    card = CARDS.get(digits)
    payment.card = digits[-4:]
    if card is None:
        return _refuse(payment, "card_not_valid")
    if card.confirms:  # a second press asks again, it does not stand for the holder's consent
        payment.confirming_at = clock.now()
        payment.save()
        return payment
    if card.answers_after is not None:
        payment.processing_at = clock.now()
        payment.answer_at = payment.processing_at + card.answers_after
        payment.save()
        return payment
    return _answer(payment, card)


@transaction.atomic
def confirm(payment_id: UUID, *, agreed: bool) -> TestPayment:
    """What the card's holder told his bank."""
    payment = sql.locked(TestPayment.objects.all(), pk=payment_id)
    if hasattr(payment, "charge") or payment.canceled_at or payment.confirming_at is None:
        return payment
    payment.confirming_at = None
    return _charge(payment) if agreed else _refuse(payment, "authentication_failed")


@transaction.atomic
def cancel_payment(reference: str) -> Outcome:
    """Make a payment impossible, unless it is paid or with the bank."""
    payment = sql.locked(TestPayment.objects.all(), pk=reference)
    if not (hasattr(payment, "charge") or payment.canceled_at or payment.processing_at):
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
    TestCharge.objects.create(payment=payment, amount=payment.amount, currency=payment.currency)
    _tell(payment, "payment.succeeded", times=times, delay=delay)
    return payment


def _refuse(payment: TestPayment, reason: str) -> TestPayment:
    payment.processing_at = payment.answer_at = payment.confirming_at = None
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
