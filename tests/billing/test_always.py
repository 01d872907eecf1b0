"""Whatever is done with licenses and money, in whatever order: what holds always."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.billing.acts import APPROVED, DECLINED_LATER, all_that_is_due, bought, paid, upgrade
from tests.billing.test_exactly_once import assert_books_balance
from valija.accounts.models import User
from valija.billing import operations as billing
from valija.billing.models import Grant, Order, PaymentMethod
from valija.core import clock
from valija.core.errors import Refusal
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan, Subscription
from valija.server.demo import fill

pytestmark = [pytest.mark.database, pytest.mark.django_db]
PEOPLE, CODES = st.sampled_from(("bob", "carol", "dave")), st.sampled_from(("eco", "advanced", "pro"))


class Money(RuleBasedStateMachine):
    """One account, its people, its licenses and its card, and time that goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.atomic()
        self.point.__enter__()
        cast = fill()
        self.account, self.alice, self.by = cast.aurora, cast.alice, cast.alice.as_actor()
        self.people: dict[str, User] = {name: getattr(cast, name) for name in ("bob", "carol", "dave")}
        self.now = datetime.combine(date(2027, 1, 31), datetime.min.time(), UTC) + timedelta(hours=12)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.point.__exit__(None, None, None)

    def try_to(self, act: Any, *arguments: Any, **named: Any) -> None:
        """Do it at this machine's time; a refusal changes nothing."""
        with clock.at(self.now), transaction.atomic():
            try:
                with transaction.atomic():
                    act(*arguments, **named)
            except Refusal:
                pass

    def some(self, number: int) -> list[License]:
        rows = self.account.licenses.living().select_related("plan", "subscription", "holder")
        return list(rows.order_by("id")[:number])

    @rule(code=CODES, number=st.integers(1, 3), interval=st.sampled_from(("year", "month")))
    def buy(self, code: str, number: int, interval: str) -> None:
        self.account.cart.all().delete()
        self.try_to(bought, self.account, code, number, interval=interval)

    @rule(who=PEOPLE, code=CODES)
    def assign(self, who: str, code: str) -> None:
        plan = Plan.objects.get(code=code)
        self.try_to(licensing.assign_license, self.account, plan, self.people[who], by=self.by)

    @rule(who=PEOPLE, code=CODES)
    def modify(self, who: str, code: str) -> None:
        plan = Plan.objects.get(code=code)
        self.try_to(licensing.modify_license, self.account, plan, self.people[who], by=self.by)

    @rule(who=PEOPLE)
    def withdraw(self, who: str) -> None:
        self.try_to(licensing.withdraw_license, self.account, self.people[who], by=self.by)

    @rule(who=PEOPLE, to=PEOPLE)
    def transfer(self, who: str, to: str) -> None:
        self.try_to(licensing.transfer_license, self.account, self.people[who], self.people[to], by=self.by)

    @rule(code=CODES, now=st.booleans())
    def remove(self, code: str, now: bool) -> None:
        act = licensing.remove_licenses if now else licensing.end_licenses
        self.try_to(act, self.account, Plan.objects.get(code=code), "year", 1, by=self.by)

    @rule(code=CODES, number=st.integers(1, 3))
    def upgrade(self, code: str, number: int) -> None:
        self.try_to(lambda: paid(upgrade(self.alice, self.some(number), code)))

    @rule(code=CODES, number=st.integers(1, 2), now=st.booleans())
    def downgrade(self, code: str, number: int, now: bool) -> None:
        keys = [license.pk for license in self.some(number)]
        act = billing.downgrade_licenses_now if now else billing.downgrade_licenses
        self.try_to(act, self.account, keys, Plan.objects.get(code=code), by=self.by)

    @rule(card=st.sampled_from((APPROVED, DECLINED_LATER, "")))
    def change_card(self, card: str) -> None:
        """Renewals from now on go through, are declined, or have nothing to be charged to."""
        if card:
            from tests.billing.test_charging import store

            PaymentMethod.objects.filter(account=self.account).update(forgotten_at=self.now)
            self.try_to(store, self.alice, card)
        else:
            self.try_to(billing.forget_method, self.account, by=self.by)

    @rule(days=st.sampled_from((1, 3, 8, 15, 31, 120)))
    def time_goes_by(self, days: int) -> None:
        """Renewed, refused, tried again, suspended or ended, whichever is due."""
        self.now += timedelta(days=days)
        for _run in range(3):
            self.try_to(all_that_is_due)

    @rule()
    def recover(self) -> None:
        """Whatever is overdue is paid on its page."""
        for order in Order.objects.open().renewals().select_related("payment", "account", "buyer"):
            self.try_to(lambda order=order: paid(billing.pay_renewal(order, by=self.by)))

    @rule()
    def cancel(self) -> None:
        for subscription in self.account.subscriptions.running()[:1]:
            self.try_to(billing.cancel_subscription, subscription, by=self.by)

    @rule()
    def keep(self) -> None:
        for subscription in self.account.subscriptions.running().exclude(canceled_at=None):
            self.try_to(billing.keep_subscription, subscription, by=self.by)

    @invariant()
    def the_books_balance(self) -> None:
        """Ours, and the provider's ledger beside it."""
        assert_books_balance(self.account)

    @invariant()
    def what_was_bought_is_there(self) -> None:
        licenses = License.objects.filter(account=self.account)
        there = licenses.available().count() + licenses.assigned().count()
        assert there + licenses.exclude(ended_at=None).count() == Grant.objects.count() == licenses.count()

    @invariant()
    def nobody_has_two_and_no_period_is_paid_twice(self) -> None:
        holders = list(License.objects.assigned().values_list("holder", flat=True))
        assert len(holders) == len(set(holders))
        periods = list(Order.objects.paid().renewals().values_list("subscription", "period_from"))
        assert len(periods) == len(set(periods))

    @invariant()
    def every_change_has_its_line(self) -> None:
        told = Entry.objects.filter(account_id=self.account.pk)
        assert told.filter(event="license.added").count() == License.objects.count()
        ended = License.objects.exclude(ended_at=None).count()
        assert told.filter(event__in=("license.ended", "license.removed")).count() == ended
        renewed = Order.objects.paid().renewals().count()
        assert told.filter(event="subscription.renewed").count() == renewed

    @invariant()
    def what_is_suspended_was_overdue(self) -> None:
        assert not Subscription.objects.filter(past_due_since=None).exclude(suspended_at=None).exists()
        assert not Subscription.objects.filter(renews_on__lt=F("started_on")).exists()


def test_what_holds_always() -> None:
    run_state_machine_as_test(
        Money, settings=settings(max_examples=8, stateful_step_count=20, deadline=None, derandomize=True)
    )
