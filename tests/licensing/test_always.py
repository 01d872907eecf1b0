"""Whatever is done with licenses, in whatever order: what holds always."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from valija.accounts.models import User
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import Activation, License, Plan, Subscription
from valija.mail.models import Letter
from valija.mail.rendering import render
from valija.server.demo import fill

pytestmark = [pytest.mark.database, pytest.mark.django_db]

PEOPLE = ("bob", "carol", "dave")
CODES = ("eco", "pro")
BOUGHT = 2  # of each plan
ANYONE = Actor(kind="anyone", label="", address="", through="api")
EVENTS = (
    "license.assigned",
    "license.modified",
    "license.withdrawn",
    "license.activated",
    "license.deactivated",
)


class Licenses(RuleBasedStateMachine):
    """Three people, two plans with two licenses each, and an administrator who does as he likes."""

    def __init__(self) -> None:
        super().__init__()
        self.point = transaction.atomic()
        self.point.__enter__()
        cast = fill()
        self.account, self.by = cast.aurora, cast.alice.as_actor()
        self.people: dict[str, User] = {name: getattr(cast, name) for name in PEOPLE}
        self.plans = {code: Plan.objects.get(code=code) for code in CODES}
        bought = Subscription.objects.create(
            account=self.account, interval="year", started_on="2026-01-01", renews_on="2099-01-01"
        )
        for plan in self.plans.values():
            License.objects.bulk_create(
                License(account=self.account, plan=plan, subscription=bought) for _each in range(BOUGHT)
            )
        self.holds: dict[str, str] = {}  # what we expect: person -> plan
        self.devices: dict[str, int] = {}
        self.changes = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.point.__exit__(None, None, None)

    def left(self, code: str) -> int:
        return BOUGHT - list(self.holds.values()).count(code)

    def refused(self, act: Any, *arguments: Any) -> bool:
        try:
            act(self.account, *arguments, by=self.by)
        except Refusal:
            return True
        self.changes += 1
        return False

    @rule(person=st.sampled_from(PEOPLE), code=st.sampled_from(CODES))
    def assign(self, person: str, code: str) -> None:
        expected = person in self.holds or not self.left(code)
        assert self.refused(licensing.assign_license, self.plans[code], self.people[person]) == expected
        if not expected:
            self.holds[person] = code

    @rule(person=st.sampled_from(PEOPLE), code=st.sampled_from(CODES))
    def modify(self, person: str, code: str) -> None:
        expected = self.holds.get(person) in {None, code} or not self.left(code)
        assert self.refused(licensing.modify_license, self.plans[code], self.people[person]) == expected
        if not expected:
            self.holds[person] = code
            self.devices.pop(person, None)

    @rule(person=st.sampled_from(PEOPLE))
    def withdraw(self, person: str) -> None:
        expected = person not in self.holds
        assert self.refused(licensing.withdraw_license, self.people[person]) == expected
        self.holds.pop(person, None)
        self.devices.pop(person, None)

    @rule(person=st.sampled_from(PEOPLE))
    def activate(self, person: str) -> None:
        """With the newest code that was sent, used or not."""
        letter = Letter.objects.filter(
            to=self.people[person].email, kind__in=("license_assigned", "license_modified")
        )
        newest = letter.order_by("-id").first()
        if newest is None:
            return
        code = render(newest).links[0].partition("#")[2]
        try:
            licensing.activate_license(code, "device", by=ANYONE)
        except Refusal:
            return
        assert person in self.holds
        self.devices[person] = self.devices.get(person, 0) + 1
        self.changes += 1

    @rule(person=st.sampled_from(PEOPLE))
    def send_again(self, person: str) -> None:
        if person in self.holds:
            licensing.send_activation(self.account, self.people[person], by=self.by)

    @rule(person=st.sampled_from(PEOPLE))
    def deactivate(self, person: str) -> None:
        activation = Activation.objects.living().filter(user=self.people[person]).first()
        if activation:
            licensing.deactivate_license(activation, by=self.people[person].as_actor())
            self.devices[person] -= 1
            self.changes += 1

    @invariant()
    def everyone_holds_what_he_was_given(self) -> None:
        held = License.objects.assigned().values_list("holder__first_name", "plan__code")
        assert sorted((name.lower(), code) for name, code in held) == sorted(self.holds.items())

    @invariant()
    def nothing_is_lost(self) -> None:
        licenses = License.objects.all()
        pool, assigned = licenses.available().count(), licenses.assigned().count()
        ended = licenses.exclude(ended_at=None).count()
        assert pool + assigned + ended == BOUGHT * len(CODES)

    @invariant()
    def only_held_licenses_are_at_work(self) -> None:
        living = Activation.objects.living()
        assert not living.filter(license__holder=None).exists()
        assert living.count() == sum(self.devices.values())

    @invariant()
    def every_change_has_its_line(self) -> None:
        assert Entry.objects.filter(event__in=EVENTS).count() == self.changes


def test_what_holds_always() -> None:
    run_state_machine_as_test(
        Licenses, settings=settings(max_examples=15, stateful_step_count=25, deadline=None, derandomize=True)
    )
