"""Payment providers: one interface, so that a card page of ours and a foreign one are used, and fail, alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from valija.core.errors import Refusal

REASONS: dict[str, str | Promise] = {
    "card_declined": _("the bank declined the card"),
    "insufficient_funds": _("there is not enough money on the card"),
    "authentication_failed": _("the payment was not confirmed with the bank"),
    "card_not_valid": _("the card's number, date or code is not valid"),
    "no_answer": _("the bank did not answer"),
}


class ProviderNotAvailable(Refusal):
    code = "payment_provider_not_available"
    status = 503
    sentence = _(
        "The payment page cannot be reached at the moment. Nothing was charged and your cart is as it was; please try again."
    )


class NoticeNotGenuine(Refusal):
    code = "notice_not_genuine"
    status = 403
    sentence = _("The signature of this notice does not fit.")


@dataclass(frozen=True)
class Started:
    """A payment that a provider knows of, and the page where the buyer pays."""

    reference: str
    page_url: str


@dataclass(frozen=True)
class Outcome:
    """How a payment stands at the provider's."""

    state: str  # open (may be paid), processing (the bank has it), paid, canceled
    amount: int
    currency: str
    refusals: int = 0  # attempts that the bank refused so far
    reason: str = ""  # of the latest refusal, a key of REASONS


@dataclass(frozen=True)
class Notice:
    """What a provider tells by itself; how the payment stands is asked, not believed."""

    id: str
    reference: str


@dataclass(frozen=True)
class Charge:
    """What is to be paid."""

    key: str  # of our payment: the same key starts one payment, however often it is asked
    amount: int
    currency: str
    description: str
    email: str
    language: str
    return_url: str


class PaymentProvider(Protocol):
    """Each method may raise ProviderNotAvailable."""

    name: str

    def start(self, charge: Charge) -> Started: ...

    def look(self, reference: str) -> Outcome: ...

    def cancel(self, reference: str) -> Outcome:
        """Make it impossible to pay, unless it is paid or under way already."""

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """
        Raises:
            NoticeNotGenuine: the signature does not fit, or is too old.
        """


def provider(name: str = "") -> PaymentProvider:
    """The provider of this name, or the installation's."""
    found: PaymentProvider = import_module(
        f"valija.billing.providers.{name or settings.PAYMENT_PROVIDER}.provider"
    ).PROVIDER
    return found
