"""Cards that are stored, and charged while nobody is there."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from tests.billing.test_exactly_once import assert_books_balance, at_once, fill_cart, together
from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing import providers
from valija.billing.models import Order, Payment, PaymentMethod, StoringPage
from valija.billing.providers import ProviderNotAvailable
from valija.billing.providers.test import bank
from valija.billing.providers.test.models import TestCharge, TestMethod, TestPayment
from valija.core import actor, clock
from valija.core.errors import NotPermitted
from valija.core.ids import new_id
from valija.journal.models import Entry
from valija.licensing.models import License

APPROVED, CONFIRMS, SLOW = "4242424242424242", "4000000000003220", "4000000000000077"
DECLINED_LATER, CONFIRMS_LATER, TIMES_OUT = "4000000000000507", "4000000000000606", "4000000000000705"
pytestmark = [pytest.mark.database, pytest.mark.django_db]


def store(user: User, card: str = APPROVED, expiry: str = "12 / 99") -> PaymentMethod | None:
    """A card stored on the provider's page, and the way back from it."""
    page = billing.store_method(user.account, user, by=user.as_actor())
    bank.pay(UUID(page.reference), card, expiry)
    return billing.look_after_storing(page, by=user.as_actor())


def unpaid(user: User) -> Order:
    """An order whose payment no page was opened for, as the clock makes them."""
    shown = fill_cart(user)
    order = billing.place_order(user.account, user, shown=shown, key=new_id().hex, by=user.as_actor())
    Payment.objects.filter(pk=order.payment.pk).update(reference=None, page_url="")
    TestPayment.objects.filter(key=str(order.payment.pk)).delete()
    return order


def charge(order: Order) -> Order:
    return billing.charge_stored_method(order, by=actor.clock())


# Storing


def test_a_card_is_stored_without_being_charged(alice: User) -> None:
    method = store(alice)
    assert method is not None
    assert (method.label, str(method.expires_on)) == ("•••• 4242", "2099-12-31")
    assert not TestCharge.objects.exists()
    assert Entry.objects.filter(event="method.stored", account_id=alice.account_id).count() == 1


def test_paying_on_the_page_stores_the_card(aurora: Account, buy: Callable[..., Order]) -> None:
    buy(aurora, "pro", 1)
    method = billing.stored_method(aurora)
    assert method is not None
    assert method.label == "•••• 4242"


def test_paying_with_another_card_does_not_replace_the_stored_one(
    alice: User, buy: Callable[..., Order]
) -> None:
    store(alice, CONFIRMS_LATER)
    buy(alice.account, "pro", 1)
    assert str(billing.stored_method(alice.account)) == "•••• 0606"


def test_a_refused_card_is_not_stored(alice: User) -> None:
    assert store(alice, "4000000000000002") is None
    assert billing.stored_method(alice.account) is None


def test_storing_another_card_replaces_the_first_and_the_provider_forgets_it(
    alice: User, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    first = store(alice)
    second = store(alice, SLOW)
    assert first
    assert second
    assert billing.stored_method(alice.account) == second
    billing.release_forgotten_methods.call()
    assert TestMethod.objects.get(pk=first.reference).forgotten_at
    assert TestMethod.objects.get(pk=second.reference).forgotten_at is None
    first.refresh_from_db()
    assert first.released_at


def test_a_forgotten_card_is_charged_no_more(alice: User) -> None:
    store(alice)
    order = unpaid(alice)
    for _press in range(2):
        billing.forget_method(alice.account, by=alice.as_actor())
    assert Entry.objects.filter(event="method.forgotten").count() == 1
    with pytest.raises(billing.NoStoredMethod):
        charge(order)
    assert not TestCharge.objects.exists()


def test_bob_and_mallory_can_neither_store_nor_forget(alice: User, bob: User, mallory: User) -> None:
    store(alice)
    for stranger in (bob, mallory):
        with pytest.raises(NotPermitted):
            billing.store_method(alice.account, stranger, by=stranger.as_actor())
        with pytest.raises(NotPermitted):
            billing.forget_method(alice.account, by=stranger.as_actor())
    assert StoringPage.objects.count() == 1


@at_once
def test_notice_and_return_at_once_store_once(alice: User) -> None:
    page = billing.store_method(alice.account, alice, by=alice.as_actor())
    bank.pay(UUID(page.reference), APPROVED)
    together(*[lambda: billing.look_after_storing(page, by=alice.as_actor())] * 6)
    assert PaymentMethod.objects.count() == 1
    assert Entry.objects.filter(event="method.stored").count() == 1


# Charging


def test_the_stored_card_pays_while_nobody_is_there(alice: User) -> None:
    store(alice)
    order = charge(unpaid(alice))
    assert order.standing == "paid"
    assert License.objects.filter(account=alice.account).count() == 5
    assert_books_balance(alice.account)


@at_once
def test_charging_eight_times_at_once_charges_once(alice: User) -> None:
    store(alice)
    order = unpaid(alice)
    together(*[lambda: charge(order)] * 8)
    assert TestCharge.objects.count() == 1
    assert License.objects.filter(account=alice.account).count() == 5
    assert_books_balance(alice.account)


@at_once
def test_charge_notice_and_clock_at_once_grant_once(alice: User) -> None:
    store(alice)
    order = unpaid(alice)
    charging = [lambda: charge(order)] * 2
    looking = [lambda: billing.look_after(Order.objects.get(pk=order.pk), by=actor.clock())] * 2
    together(*charging, *looking, billing.look_after_open_orders.call, bank.deliver_notices_due.call)
    billing.look_after_open_orders.call()
    assert TestCharge.objects.count() == 1
    assert License.objects.filter(account=alice.account).count() == 5
    assert Entry.objects.filter(event="order.paid").count() == 1


def test_a_provider_that_times_out_after_charging_is_found_out(alice: User) -> None:
    """The line breaks after the card is charged: the provider is asked, and nothing is charged twice."""
    store(alice, TIMES_OUT)
    order = unpaid(alice)
    assert charge(order).standing == "paid"
    assert charge(order).standing == "paid"
    assert TestCharge.objects.count() == 1
    assert_books_balance(alice.account)


def test_a_provider_that_stays_silent_after_charging_is_asked_by_the_clock(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> None:
        raise ProviderNotAvailable

    store(alice, TIMES_OUT)
    order = unpaid(alice)
    with monkeypatch.context() as patch:
        patch.setattr(type(providers.provider()), "look", silent)
        assert charge(order).standing == "processing"
    assert not License.objects.exists()
    billing.look_after_open_orders.call()
    order.refresh_from_db()
    assert order.paid_at
    assert TestCharge.objects.count() == 1


def test_silence_before_charging_costs_nothing_and_can_be_tried_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise ProviderNotAvailable

    store(alice)
    order = unpaid(alice)
    with monkeypatch.context() as patch:
        patch.setattr(type(providers.provider()), "charge", silent)
        assert charge(order).standing == "open"
    assert not TestCharge.objects.exists()
    assert charge(order).standing == "paid"


def test_a_card_that_is_declined_later_is_told_once_each_time(alice: User) -> None:
    store(alice, DECLINED_LATER)
    order = charge(unpaid(alice))
    assert (order.standing, order.payment.reason, order.payment.refusals) == ("refused", "card_declined", 1)
    order = charge(order)
    assert order.payment.refusals == 2
    assert Entry.objects.filter(event="payment.refused").count() == 2


@at_once
def test_two_workers_do_not_make_the_same_attempt_twice(alice: User) -> None:
    store(alice, DECLINED_LATER)
    order = unpaid(alice)
    together(*[lambda: charge(order)] * 4)
    refusals = TestPayment.objects.get(key=str(order.payment.pk)).refusals
    assert Entry.objects.filter(event="payment.refused").count() <= refusals <= 4


def test_another_card_pays_what_the_first_could_not(alice: User) -> None:
    store(alice, DECLINED_LATER)
    order = charge(unpaid(alice))
    store(alice)
    assert charge(order).standing == "paid"
    assert TestCharge.objects.count() == 1


def test_an_expired_card_is_refused_with_its_reason(alice: User) -> None:
    store(alice, APPROVED, clock.today().strftime("%m / %y"))
    order = unpaid(alice)
    with clock.at(clock.now() + timedelta(days=40)):
        order = charge(order)
    assert (order.standing, order.payment.reason) == ("refused", "card_expired")


def test_a_card_whose_bank_wants_its_holder_is_paid_when_he_confirms(alice: User) -> None:
    store(alice, CONFIRMS_LATER)
    order = charge(unpaid(alice))
    assert order.payment.reason == "authentication_required"
    assert billing.open_holder_page(order, by=alice.as_actor()).endswith(str(order.payment.reference))
    bank.confirm(UUID(order.payment.reference), agreed=True)
    order = billing.look_after(order, by=alice.as_actor())
    assert order.standing == "paid"
    assert TestCharge.objects.count() == 1


def test_a_slow_bank_is_waited_for(alice: User) -> None:
    store(alice, SLOW)
    order = charge(unpaid(alice))
    assert order.standing == "processing"
    with clock.at(clock.now() + timedelta(seconds=6)):
        billing.look_after_open_orders.call()
    order.refresh_from_db()
    assert order.paid_at


def test_an_order_with_an_open_payment_page_is_not_charged_beside_it(alice: User) -> None:
    store(alice)
    shown = fill_cart(alice)
    order = billing.place_order(alice.account, alice, shown=shown, key="k", by=alice.as_actor())
    with pytest.raises(billing.PaymentPageOpen):
        charge(order)
    assert not TestCharge.objects.exists()


def test_a_canceled_order_is_not_charged(alice: User) -> None:
    store(alice)
    order = unpaid(alice)
    Order.objects.filter(pk=order.pk).update(canceled_at=clock.now())
    assert charge(order).standing == "canceled"
    assert not TestCharge.objects.exists()
