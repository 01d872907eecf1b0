"""The payment method by program."""

from uuid import UUID

import pytest

from tests.api.conftest import Program
from valija.accounts.models import User
from valija.billing import operations as billing
from valija.billing.models import StoringPage
from valija.billing.providers.test import bank


@pytest.mark.django_db
def test_a_program_opens_the_page_sees_the_card_and_forgets_it(payroll: Program, alice: User) -> None:
    assert payroll.get("/payment-method").status_code == 404

    opened = [payroll.post("/payment-method", idempotency_key="once") for _time in range(2)]
    assert [answer.status_code for answer in opened] == [201, 201]
    page = StoringPage.objects.get()
    assert {answer.json()["page"] for answer in opened} == {page.page_url}

    bank.pay(UUID(page.reference), "4242424242424242", "12 / 40")
    billing.look_after_storing(page, by=alice.as_actor())
    assert payroll.get("/payment-method").json()["label"] == "•••• 4242"
    assert payroll.get("/payment-method").json()["expires_on"] == "2040-12-31"

    assert payroll.ask("delete", "/payment-method").status_code == 204
    assert payroll.get("/payment-method").status_code == 404
