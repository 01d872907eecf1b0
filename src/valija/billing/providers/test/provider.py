"""The interface of the test provider, as `billing` knows any provider."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from standardwebhooks import Webhook, WebhookVerificationError

from valija.billing.providers import (
    Charge,
    Method,
    Notice,
    NoticeNotGenuine,
    Outcome,
    ProviderNotAvailable,
    Refunded,
    Started,
    Storing,
)
from valija.billing.providers.test import bank
from valija.billing.providers.test.models import TestPayment


@contextmanager
def _known() -> Iterator[None]:
    """What this provider does not know, and a line that broke, look alike from outside."""
    try:
        yield
    except (ObjectDoesNotExist, bank.NoAnswer) as missing:
        raise ProviderNotAvailable from missing


def _started(payment: TestPayment) -> Started:
    return Started(str(payment.pk), f"{settings.URL}/test-payment/{payment.pk}")


class TestProvider:
    name = "test"
    __test__ = False

    def start(self, charge: Charge) -> Started:
        return _started(bank.open_payment(charge))

    def look(self, reference: str) -> Outcome:
        with _known():
            return bank.look(reference)

    def cancel(self, reference: str) -> Outcome:
        with _known():
            return bank.cancel_payment(reference)

    def refund(self, reference: str, amount: int, *, key: str) -> Refunded:
        with _known():
            return bank.give_back(reference, amount, key=key)

    def start_storing(self, storing: Storing) -> Started:
        return _started(bank.open_storing(storing))

    def stored(self, reference: str) -> Method | None:
        with _known():
            return bank.stored(reference)

    def forget(self, method: str) -> None:
        bank.forget(method)

    def prepare(self, charge: Charge) -> str:
        return str(bank.open_payment(charge).pk)

    def charge(self, reference: str, method: str, *, attempt: int) -> Outcome:
        with _known():
            return bank.charge_method(reference, method, attempt=attempt)

    def holder_page(self, reference: str, method: str, *, return_url: str) -> str:
        with _known():
            return _started(bank.ask_holder(reference, method)).page_url

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        lowered = {name.lower(): value for name, value in headers.items()}
        try:
            content = Webhook(bank.notice_secret()).verify(body, lowered)
        except WebhookVerificationError as wrong:
            raise NoticeNotGenuine from wrong
        return Notice(id=lowered["webhook-id"], reference=str(content.get("payment", "")))


PROVIDER = TestProvider()
