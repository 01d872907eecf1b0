"""Money that is given back: never more than was paid, once, and in both ledgers."""

from collections.abc import Callable

import pytest
from django.db.models import Sum

from tests.billing.test_exactly_once import at_once, fill_cart, place, together
from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing import providers
from valija.billing.models import LedgerEntry, Order, Refund
from valija.billing.providers import ProviderNotAvailable
from valija.billing.providers.test.models import TestRefund
from valija.core.errors import NotPermitted
from valija.journal.models import Entry
from valija.mail.models import Letter

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def bought(aurora: Account, buy: Callable[..., Order]) -> Order:
    """Five Pro licenses, 798.60 €."""
    return buy(aurora, "pro", 5)


def assert_ledgers_agree(order: Order) -> None:
    """The order adds up to nothing, and both sides gave back the same."""
    ours = LedgerEntry.objects.filter(order=order)
    assert ours.aggregate(sum=Sum("amount"))["sum"] == 0
    given_back = TestRefund.objects.aggregate(sum=Sum("amount"))["sum"] or 0
    kept = ours.filter(book=LedgerEntry.Book.PROVIDER).aggregate(sum=Sum("amount"))["sum"]
    assert kept == order.total - given_back


def test_a_part_is_given_back_with_its_part_of_the_taxes(bought: Order, oscar: User) -> None:
    refund = billing.refund_order(bought, 121_00, "Dos licencias de más", by=oscar.as_actor())
    assert refund.standing == "done"
    entries = LedgerEntry.objects.filter(order=bought, amount__gt=0, book=LedgerEntry.Book.TAX)
    assert [entry.amount for entry in entries] == [21_00]
    assert_ledgers_agree(bought)
    assert billing.refundable(bought).amount == 677_60
    assert Letter.objects.filter(kind="order_refunded").count() == 1
    events = Entry.objects.filter(event__in=["refund.asked", "order.refunded"], account_id=bought.account_id)
    assert events.count() == 2


def test_a_refund_larger_than_the_payment_is_refused(bought: Order, oscar: User) -> None:
    with pytest.raises(billing.RefundTooLarge):
        billing.refund_order(bought, bought.total + 1, "Error", by=oscar.as_actor())
    billing.refund_order(bought, bought.total - 1, "Casi todo", by=oscar.as_actor())
    with pytest.raises(billing.RefundTooLarge):
        billing.refund_order(bought, 2, "Lo demás", by=oscar.as_actor())
    billing.refund_order(bought, 1, "Lo demás", by=oscar.as_actor())
    assert_ledgers_agree(bought)
    assert billing.refundable(bought).amount == 0


def test_the_provider_itself_gives_back_no_more_than_it_took(bought: Order) -> None:
    assert bought.payment.reference
    answer = providers.provider().refund(bought.payment.reference, bought.total + 1, key="k")
    assert answer.state == "refused"
    assert not TestRefund.objects.exists()


def test_a_refund_that_the_provider_refuses_leaves_the_money_where_it_is(
    bought: Order, oscar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = providers.Refunded("refused", "the account is closed")
    monkeypatch.setattr(type(providers.provider()), "refund", lambda *_, **__: refused)
    refund = billing.refund_order(bought, 1_00, "Error", by=oscar.as_actor())
    assert (refund.standing, refund.refusal) == ("refused", "the account is closed")
    assert billing.refundable(bought).amount == bought.total
    assert Entry.objects.filter(event="refund.refused").count() == 1
    assert_ledgers_agree(bought)


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_and_less_cannot_be_given_back(bought: Order, oscar: User, amount: int) -> None:
    with pytest.raises(billing.RefundNotValid):
        billing.refund_order(bought, amount, "Error", by=oscar.as_actor())


def test_a_refund_needs_its_reason(bought: Order, oscar: User) -> None:
    with pytest.raises(billing.RefundReasonMissing):
        billing.refund_order(bought, 1, "  ", by=oscar.as_actor())


def test_what_is_not_paid_cannot_be_given_back(alice: User, oscar: User) -> None:
    order = place(alice, fill_cart(alice))
    with pytest.raises(billing.NotPaid):
        billing.refund_order(order, 1, "Error", by=oscar.as_actor())


def test_customers_do_not_refund_themselves(bought: Order, alice: User, mallory: User) -> None:
    for person in (alice, mallory):
        with pytest.raises(NotPermitted):
            billing.refund_order(bought, 1, "Error", by=person.as_actor())


def test_a_provider_that_is_silent_about_a_refund_is_asked_again_and_gives_back_once(
    bought: Order, oscar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = type(providers.provider()).refund

    def done_but_silent(self: object, *args: object, **named: object) -> None:
        genuine(self, *args, **named)  # type: ignore[arg-type]
        raise ProviderNotAvailable

    with monkeypatch.context() as patch:
        patch.setattr(type(providers.provider()), "refund", done_but_silent)
        refund = billing.refund_order(bought, 10_00, "Error", by=oscar.as_actor())
    assert refund.standing == "asked"
    with pytest.raises(billing.RefundTooLarge):  # what was asked counts
        billing.refund_order(bought, bought.total, "Todo", by=oscar.as_actor())
    for _time in range(2):
        billing.ask_after_refunds.call()
    refund.refresh_from_db()
    assert refund.standing == "done"
    assert TestRefund.objects.count() == 1
    assert_ledgers_agree(bought)


@at_once
def test_two_refunds_at_once_never_give_back_more_than_was_paid(
    aurora: Account, buy: Callable[..., Order], oscar: User
) -> None:
    bought = buy(aurora, "pro", 5)
    half = bought.total // 2 + 1
    together(*[lambda: billing.refund_order(bought, half, "Dos veces", by=oscar.as_actor())] * 4)
    assert Refund.objects.counted().count() == TestRefund.objects.count() == 1
    assert_ledgers_agree(bought)
