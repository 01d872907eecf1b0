"""The interface of the test provider, as `billing` knows any provider."""

from collections.abc import Mapping

from django.conf import settings
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from valija.billing.providers import Charge, Notice, NoticeNotGenuine, Outcome, Started
from valija.billing.providers.test import bank
from valija.billing.providers.test.models import TestPayment


class TestProvider:
    name = "test"
    __test__ = False

    def start(self, charge: Charge) -> Started:
        payment = bank.open_payment(charge)
        return Started(str(payment.pk), f"{settings.URL}/test-payment/{payment.pk}")

    def look(self, reference: str) -> Outcome:
        return bank.outcome(TestPayment.objects.select_related("charge").get(pk=reference), timezone.now())

    def cancel(self, reference: str) -> Outcome:
        return bank.cancel_payment(reference)

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        try:
            content = Webhook(bank.notice_secret()).verify(body, {name.lower(): value for name, value in headers.items()})
        except WebhookVerificationError as wrong:
            raise NoticeNotGenuine from wrong
        return Notice(id={name.lower(): value for name, value in headers.items()}["webhook-id"], reference=content["payment"])


PROVIDER = TestProvider()
