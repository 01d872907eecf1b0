"""The card page of the test provider: what a buyer sees of a hosted payment page."""

from collections.abc import Mapping
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from valija.billing.providers import REASONS
from valija.billing.providers.test import bank
from valija.billing.providers.test.models import TestPayment
from valija.core.money import Money
from valija.web.access import Request
from valija.web.errors import found

DEEDS = {
    "4242424242424242": _("Approved"),
    "4000000000000002": _("Declined"),
    "4000000000009995": _("Not enough money"),
    "4000000000003220": _("The bank asks for confirmation"),
    "4000000000000077": _("Approved after five seconds"),
    "4000000000000259": _("The bank never answers"),
    "4000000000000341": _("Approved, the notice comes twice"),
    "4000000000000416": _("Approved, the notice comes late"),
}
LATER_DEEDS = {
    "4000000000000507": _("Declined"),
    "4000000000000606": _("The bank asks for confirmation"),
    "4000000000000705": _("Charged, but no answer comes"),
}


@require_http_methods(["GET", "POST"])
@never_cache
def test_payment(request: Request, payment_id: UUID) -> HttpResponse:
    """Show the card page, or charge the card that was entered."""
    payment = _payment(payment_id)
    if request.method == "POST":
        typed = [request.POST.get(name, "")[:40] for name in ("number", "expiry", "cvc")]
        payment = bank.pay(payment.pk, *typed)
    return _shown(request, payment)


@require_POST
def confirm_test_payment(request: Request, payment_id: UUID) -> HttpResponse:
    """What the card's holder tells his bank."""
    payment = bank.confirm(_payment(payment_id).pk, agreed="agree" in request.POST)
    return _shown(request, payment)


def _payment(payment_id: UUID) -> TestPayment:
    return found(TestPayment.objects.select_related("charge").filter(pk=payment_id).first())


def _in_groups(deeds: Mapping[str, str | Promise]) -> list[tuple[str, str | Promise]]:
    """Card numbers as they stand on cards, in groups of four."""
    return [(" ".join(n[i : i + 4] for i in range(0, 16, 4)), deed) for n, deed in deeds.items()]


def _shown(request: Request, payment: TestPayment) -> HttpResponse:
    stored = payment.only_stores and payment.method_id and not payment.confirming_at
    if hasattr(payment, "charge") or payment.processing_at or stored:
        return redirect(payment.return_url)
    with translation.override(payment.language):
        context = {
            "payment": payment,
            "amount": str(Money(payment.amount, payment.currency)),
            "reason": REASONS.get(payment.reason) if payment.refusals else None,
            "cards": _in_groups(DEEDS),
            "later_cards": _in_groups(LATER_DEEDS),
            "typed": request.POST,
        }
        template = "confirm" if payment.confirming_at else "canceled" if payment.canceled_at else "card"
        status = 422 if request.method == "POST" and payment.refusals and template == "card" else 200
        return render(request, f"test_payment/{template}.html", context, status=status)
