"""The interface of the test provider, as `billing` knows any provider."""

from collections.abc import Mapping

from django.conf import settings
from standardwebhooks import Webhook, WebhookVerificationError

from valija.billing.providers import Charge, Notice, NoticeNotGenuine, Outcome, ProviderNotAvailable, Started
from valija.billing.providers.test import bank
from valija.billing.providers.test.models import TestPayment


class TestProvider:
    name = "test"
    __test__ = False

    def start(self, charge: Charge) -> Started:
        payment = bank.open_payment(charge)
        return Started(str(payment.pk), f"{settings.URL}/test-payment/{payment.pk}")

    def look(self, reference: str) -> Outcome:
        try:
            return bank.look(reference)
        except TestPayment.DoesNotExist as missing:
            raise ProviderNotAvailable from missing

    def cancel(self, reference: str) -> Outcome:
        try:
            return bank.cancel_payment(reference)
        except TestPayment.DoesNotExist as missing:
            raise ProviderNotAvailable from missing

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        lowered = {name.lower(): value for name, value in headers.items()}
        try:
            content = Webhook(bank.notice_secret()).verify(body, lowered)
        except WebhookVerificationError as wrong:
            raise NoticeNotGenuine from wrong
        return Notice(id=lowered["webhook-id"], reference=str(content.get("payment", "")))


PROVIDER = TestProvider()
