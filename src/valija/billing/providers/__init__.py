"""Payment providers: one interface, so that a card page of ours and a foreign one are used, and fail, alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Protocol, cast

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
    "authentication_required": _("the bank wants the card's holder to confirm the payment"),
    "card_expired": _("the card has expired"),
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


class NoStoredMethod(Refusal):
    code = "no_stored_method"
    sentence = _("No card is stored for this account. Store one on the page “Payment method”.")


@dataclass(frozen=True)
class Started:
    """A payment that a provider knows of, and the page where the buyer pays."""

    reference: str
    page_url: str


@dataclass(frozen=True)
class Method:
    """A stored means of payment, as its owner knows it."""

    reference: str
    label: str  # •••• 4242
    expires_on: date | None = None  # the last day on which it can be charged


@dataclass(frozen=True)
class Outcome:
    """How a payment stands at the provider's."""

    state: str  # open (may be paid), processing (the bank has it), paid, canceled
    amount: int
    currency: str
    refusals: int = 0  # attempts that the bank refused so far
    reason: str = ""  # of the latest refusal, a key of REASONS
    method: Method | None = None  # what paid, where it can be charged again


@dataclass(frozen=True)
class Refunded:
    """How a refund stands at the provider's."""

    state: str  # done, processing, refused
    reason: str = ""  # of the refusal, in the provider's words


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


@dataclass(frozen=True)
class Storing:
    """A card that is to be stored without being charged."""

    key: str  # of our page: the same key opens one
    email: str
    language: str
    return_url: str


class PaymentProvider(Protocol):
    """Each method may raise ProviderNotAvailable: whether it was done is then not known, and it can be asked again."""

    name: str

    def start(self, charge: Charge) -> Started: ...

    def look(self, reference: str) -> Outcome: ...

    def cancel(self, reference: str) -> Outcome:
        """Make it impossible to pay, unless it is paid or under way already."""

    def refund(self, reference: str, amount: int, *, key: str) -> Refunded:
        """Give back a part of what was paid, never more than is left of it; the same key gives it back once."""

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """
        Raises:
            NoticeNotGenuine: the signature does not fit, or is too old.
        """


class CardProvider(PaymentProvider, Protocol):
    """A provider that keeps cards and charges them while nobody is there."""

    def start_storing(self, storing: Storing) -> Started: ...

    def stored(self, reference: str) -> Method | None:
        """What was stored on the page of this reference, if anything was."""

    def forget(self, method: str) -> None:
        """Keep the card no longer; one that is not kept is forgotten already."""

    def prepare(self, charge: Charge) -> str:
        """The reference of a payment that is still to be charged: known before any money moves."""

    def charge(self, reference: str, method: str, *, attempt: int) -> Outcome:
        """Charge a stored card. A payment that is paid, canceled or under way stays as it is, and an attempt that was
        refused is not made again under the same number."""

    def holder_page(self, reference: str, method: str, *, return_url: str) -> str:
        """The page where the card's holder confirms a payment that his bank did not allow without him."""


def provider(name: str = "") -> PaymentProvider:
    """The provider of this name, or the installation's."""
    found: PaymentProvider = import_module(
        f"valija.billing.providers.{name or settings.PAYMENT_PROVIDER}.provider"
    ).PROVIDER
    return found


def keeps_cards(name: str) -> bool:
    """Whether this provider stores cards and charges them while nobody is there."""
    return hasattr(provider(name), "start_storing")


def card_provider(name: str = "") -> CardProvider:
    """The provider of this name, which keeps cards.

    Raises:
        NoStoredMethod: this one does not.
    """
    if not keeps_cards(name):
        raise NoStoredMethod
    return cast(CardProvider, provider(name))
