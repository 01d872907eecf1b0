"""A trial of 30 days: everything, no card, once; buying goes on without a break."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.billing.acts import all_that_is_due, at_noon, bought, letters
from tests.billing.test_exactly_once import at_once, together
from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing.models import Order
from valija.billing.quote import (
    TrialNotChanged,
    quote_upgrade,
)
from valija.core import clock
from valija.core.errors import NotPermitted
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan, Subscription

pytestmark = [pytest.mark.database, pytest.mark.django_db]
Plans = Callable[[str], Plan]


def licenses_of(account: Account) -> list[License]:
    return list(account.licenses.living().select_related("plan", "subscription", "holder").order_by("id"))


def test_a_trial_is_everything_for_30_days_without_a_card(aurora: Account, alice: User) -> None:
    trial = billing.start_trial(aurora, by=alice.as_actor())
    assert trial.renews_on == clock.today() + timedelta(days=30)
    assert {license.plan.code for license in licenses_of(aurora)} == {"pro", "pro-shared", "pro-api"}
    assert letters("trial_started", "alice@aurora.example") == 1
    with pytest.raises(TrialNotChanged):
        quote_upgrade(aurora, licenses_of(aurora), Plan.objects.get(code="max"), on=clock.today())
    with pytest.raises(billing.TrialUsed):
        billing.start_trial(aurora, by=alice.as_actor())
    assert not billing.may_try(aurora)


def test_a_trial_is_announced_and_ends_by_itself(
    aurora: Account, alice: User, bob: User, plan: Plans
) -> None:
    trial = billing.start_trial(aurora, by=alice.as_actor())
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    told = []
    for left in range(30, -2, -1):
        before = letters("trial_ending", "alice@aurora.example")
        with clock.at(at_noon(trial.renews_on - timedelta(days=left))):
            all_that_is_due()
        if letters("trial_ending", "alice@aurora.example") > before:
            told.append(left)
    assert told == [7, 1]
    assert not licenses_of(aurora)
    assert letters("trial_ended", "alice@aurora.example") == 1
    assert letters("license_ended", "bob@aurora.example") == 1
    assert not Order.objects.filter(account=aurora).exists()
    with pytest.raises(billing.TrialUsed):
        billing.start_trial(aurora, by=alice.as_actor())


def test_buying_turns_the_licenses_in_use_into_bought_ones_without_a_loss(
    aurora: Account, alice: User, bob: User, dave: User, plan: Plans
) -> None:
    trial = billing.start_trial(aurora, by=alice.as_actor())
    held = [licensing.assign_license(aurora, plan("pro"), user, by=alice.as_actor()) for user in (bob, dave)]
    order = bought(aurora, "pro", 3)
    for license in held:
        license.refresh_from_db()
        assert license.subscription.interval == "year"
        assert license.holder in (bob, dave)
    with clock.at(at_noon(trial.renews_on)):
        all_that_is_due()
        assert len(licenses_of(aurora)) == 3
        assert letters("license_ended") == 0
    assert order.net == 3 * 132_00
    assert order.lines.get().grants.count() == 3


def test_who_has_licenses_or_may_not_buy_starts_no_trial(
    aurora: Account, alice: User, bob: User, mallory: User
) -> None:
    for stranger in (bob, mallory):
        with pytest.raises(NotPermitted):
            billing.start_trial(aurora, by=stranger.as_actor())
    bought(aurora, "pro", 1)
    with pytest.raises(billing.NoTrialBesideLicenses):
        billing.start_trial(aurora, by=alice.as_actor())


@at_once
def test_two_presses_start_one_trial(aurora: Account, alice: User) -> None:
    results = together(*[lambda: billing.start_trial(aurora, by=alice.as_actor())] * 4)
    assert sum(isinstance(result, Subscription) for result in results) == 1
    assert len(licenses_of(aurora)) == 13
