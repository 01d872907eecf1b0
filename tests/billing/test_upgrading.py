"""Upgrades are paid pro rata and take effect at once; downgrades cost nothing; both leave people and devices alone."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.billing.acts import all_that_is_due, at_noon, bought, letters, paid, subscription, upgrade
from tests.billing.test_exactly_once import assert_books_balance, at_once, together
from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing.models import CartLine, Order
from valija.billing.providers.test.models import TestCharge
from valija.billing.quote import (
    LicenseGone,
    NotHigher,
    NothingChosen,
    PlanNotSold,
    TooManyChosen,
    quote_activations,
    quote_lines,
    quote_upgrade,
    renewal_of,
)
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import NotPermitted
from valija.core.ids import new_id
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import Activation, License, Plan, Price, Subscription
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db]
Plans = Callable[[str], Plan]


def licenses_of(account: Account) -> list[License]:
    return list(account.licenses.living().select_related("plan", "subscription", "holder").order_by("id"))


# What it costs

WORTH = st.lists(st.integers(0, 1_000_000), min_size=3, max_size=3).map(sorted)


def held(account: Account, plan: Plan, number: int, worth: int, start: date) -> list[License]:
    account.licenses.all().delete()
    account.subscriptions.all().delete()
    begun = Subscription.objects.create(
        account=account, interval="year", started_on=start, renews_on=date(start.year + 1, start.month, 1)
    )
    return License.objects.bulk_create(
        License(account=account, plan=plan, subscription=begun, worth=worth) for _each in range(number)
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(WORTH, st.integers(1, 20), st.integers(0, 364), st.integers(0, 1_000_000))
def test_an_upgrade_in_two_steps_costs_the_same_as_in_one(
    aurora: Account, plan: Plans, prices: list[int], number: int, later: int, worth: int
) -> None:
    """To the minor unit, whatever was paid before, and also where plans cost the same."""
    for code, price in zip(("eco", "advanced", "pro"), prices, strict=True):
        Price.objects.current().filter(plan__code=code, currency="EUR").update(amount=price)
    start = date(2026, 3, 1)
    today = start + timedelta(days=later)
    licenses = held(aurora, plan("eco"), number, worth, start)
    whole = quote_upgrade(aurora, licenses, plan("pro"), on=today)
    first = quote_upgrade(aurora, licenses, plan("advanced"), on=today)
    for license in licenses:
        license.plan, license.worth = plan("advanced"), max(worth, first.lines[0].unit_price)
    second = quote_upgrade(aurora, licenses, plan("pro"), on=today)
    assert first.net + second.net == whole.net
    assert whole.net == sum(line.net for line in whole.lines) >= 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 364), st.integers(0, 40))
def test_upgrading_some_and_then_the_others_costs_the_same_as_all(
    aurora: Account, plan: Plans, number: int, later: int, some: int
) -> None:
    start = date(2026, 3, 1)
    today = start + timedelta(days=later)
    licenses = held(aurora, plan("eco"), number, 12_00, start)
    some = min(some, number - 1)
    whole = quote_upgrade(aurora, licenses, plan("pro"), on=today)
    parts = [each for each in (licenses[:some], licenses[some:]) if each]
    assert sum(quote_upgrade(aurora, part, plan("pro"), on=today).net for part in parts) == whole.net


def test_bought_and_upgraded_on_one_day_costs_what_the_higher_plan_does(aurora: Account, plan: Plans) -> None:
    licenses = held(aurora, plan("eco"), 3, 12_00, date(2026, 3, 1))
    today = date(2026, 11, 24)
    eco = quote_lines(aurora, [CartLine(plan=plan("eco"), quantity=3, interval="year")], on=today)
    pro = quote_lines(aurora, [CartLine(plan=plan("pro"), quantity=3, interval="year")], on=today)
    assert eco.net + quote_upgrade(aurora, licenses, plan("pro"), on=today).net == pro.net


def test_raising_activations_in_two_steps_costs_the_same_as_in_one(aurora: Account, plan: Plans) -> None:
    licenses = held(aurora, plan("pro-shared"), 1, 192_00, date(2026, 3, 1))
    today = date(2026, 11, 24)
    whole = quote_activations(aurora, licenses, 5, on=today)
    first = quote_activations(aurora, licenses, 2, on=today)
    licenses[0].worth, licenses[0].extra_activations = first.lines[0].unit_price, 2
    assert first.net + quote_activations(aurora, licenses, 3, on=today).net == whole.net
    assert whole.renewals[0].net == 192_00 + 5 * 64_00


def test_the_renewal_after_an_upgrade_is_what_was_shown(aurora: Account, alice: User, plan: Plans) -> None:
    bought(aurora, "eco", 3)
    some = licenses_of(aurora)[:2]
    shown = quote_upgrade(aurora, some, plan("pro"), on=clock.today())
    paid(upgrade(alice, some, "pro"))
    assert shown.renewals[0].net == 2 * 132_00 + 12_00
    assert renewal_of(aurora, subscription(aurora)) == shown.renewals[0]
    assert TestCharge.objects.filter(amount=shown.total).count() == 1


# What happens


def test_paid_it_takes_effect_at_once_without_an_interruption(
    aurora: Account, alice: User, bob: User, plan: Plans
) -> None:
    bought(aurora, "eco", 2)
    license = licensing.assign_license(aurora, plan("eco"), bob, by=alice.as_actor())
    code = render(Letter.objects.get(kind="license_assigned")).links[0].partition("#")[2]
    device = licensing.activate_license(code, "Portátil", by=Actor(kind="anyone", label=""))
    order = upgrade(alice, [license], "pro")
    license.refresh_from_db()
    assert license.plan.code == "eco"  # not before it is paid
    assert paid(order).paid_at
    license.refresh_from_db()
    assert (license.plan.code, license.holder, license.worth) == ("pro", bob, 132_00)
    assert Activation.objects.living().filter(license=license).count() == 1
    file, _keys = licensing.renew_license_file(licensing.find_activation(device.token))
    assert licensing.find_activation(device.token).license.plan.code == "pro"
    assert file["payload"] != device.license_file["payload"]
    assert letters("license_upgraded", "bob@aurora.example") == 1
    assert letters("upgrade_paid", "alice@aurora.example") == 1
    told = Entry.objects.get(event="license.upgraded")
    assert (told.object_id, told.subject_id) == (str(license.pk), str(bob.pk))
    assert_books_balance(aurora)


def test_licenses_that_nobody_holds_can_be_upgraded_too(aurora: Account, alice: User, plan: Plans) -> None:
    bought(aurora, "eco", 2)
    paid(upgrade(alice, licenses_of(aurora), "advanced"))
    assert aurora.licenses.available(plan("advanced")).count() == 2


def test_two_administrators_upgrading_the_same_license_one_wins_the_other_is_told(
    aurora: Account, alice: User, carol: User, plan: Plans
) -> None:
    bought(aurora, "eco", 1)
    licenses = licenses_of(aurora)
    shown = quote_upgrade(aurora, licenses, plan("pro"), on=clock.today()).fingerprint
    paid(upgrade(alice, licenses, "pro"))
    with pytest.raises(NotHigher):
        upgrade(carol, licenses, "pro", shown=shown)
    assert aurora.orders.filter(kind="upgrade").count() == 1


@at_once
def test_at_the_same_moment_the_same_upgrade_is_charged_once(
    aurora: Account, alice: User, carol: User, plan: Plans
) -> None:
    bought(aurora, "eco", 2)
    licenses = licenses_of(aurora)
    first, second = together(lambda: upgrade(alice, licenses, "pro"), lambda: upgrade(carol, licenses, "pro"))
    assert first.pk == second.pk
    together(lambda: paid(first), lambda: paid(second))
    billing.look_after(first, by=alice.as_actor())
    assert TestCharge.objects.filter(amount=first.total).count() == 1
    assert Entry.objects.filter(event="license.upgraded").count() == 2


def test_another_upgrade_closes_the_page_that_was_open(aurora: Account, alice: User, carol: User) -> None:
    bought(aurora, "eco", 1)
    licenses = licenses_of(aurora)
    first = upgrade(alice, licenses, "advanced")
    second = upgrade(carol, licenses, "pro")
    assert paid(first).canceled_at
    assert paid(second).paid_at
    assert licenses_of(aurora)[0].plan.code == "pro"
    assert_books_balance(aurora)


def test_a_license_that_ended_while_it_was_paid_is_in_the_pool_instead(
    aurora: Account, alice: User, plan: Plans
) -> None:
    bought(aurora, "eco", 1)
    order = upgrade(alice, licenses_of(aurora), "pro")
    licensing.remove_licenses(aurora, plan("eco"), "year", 1, by=alice.as_actor())
    assert paid(order).paid_at
    assert aurora.licenses.available(plan("pro")).count() == 1
    assert_books_balance(aurora)


def test_what_costs_nothing_more_needs_no_payment(aurora: Account, alice: User, plan: Plans) -> None:
    """Going down by mistake and up again in the same period."""
    bought(aurora, "pro", 1)
    keys = [license.pk for license in licenses_of(aurora)]
    billing.downgrade_licenses_now(aurora, keys, plan("eco"), by=alice.as_actor())
    order = upgrade(alice, licenses_of(aurora), "pro")
    assert order.paid_at
    assert order.total == 0
    assert licenses_of(aurora)[0].plan.code == "pro"
    assert TestCharge.objects.count() == 1


def test_a_price_change_between_quote_and_payment_is_told(aurora: Account, alice: User, plan: Plans) -> None:
    bought(aurora, "eco", 1)
    licenses = licenses_of(aurora)
    shown = quote_upgrade(aurora, licenses, plan("pro"), on=clock.today()).fingerprint
    Price.objects.current().filter(plan__code="pro").update(amount=200_00)
    with pytest.raises(billing.QuoteChanged):
        upgrade(alice, licenses, "pro", shown=shown)


def test_more_activations_can_be_used_once_they_are_paid(aurora: Account, alice: User) -> None:
    bought(aurora, "pro-shared", 1)
    [license] = licenses_of(aurora)
    quote = quote_activations(aurora, [license], 4, on=clock.today())
    order = billing.raise_activations(
        aurora, alice, [license.pk], 4, shown=quote.fingerprint, key=new_id().hex, by=alice.as_actor()
    )
    assert license.devices == 3
    assert paid(order).paid_at
    license.refresh_from_db()
    assert (license.devices, license.worth) == (7, 192_00 + 4 * 64_00)
    assert Entry.objects.filter(event="activations.raised").count() == 1
    with clock.at(at_noon(subscription(aurora).renews_on)):
        all_that_is_due()
    assert aurora.orders.get(kind="renewal").net == 192_00 + 4 * 64_00


# What cannot be done


def test_impossible_upgrades_are_refused_by_name(aurora: Account, alice: User, plan: Plans) -> None:
    bought(aurora, "pro", 1)
    licenses, today = licenses_of(aurora), clock.today()
    for code, refusal in {
        "pro": NotHigher, "eco": NotHigher, "pro-shared": NotHigher, "max": PlanNotSold
    }.items():  # fmt: skip
        with pytest.raises(refusal):
            quote_upgrade(aurora, licenses, plan(code), on=today)
    with pytest.raises(NothingChosen):
        quote_upgrade(aurora, [], plan("pro"), on=today)
    with pytest.raises(TooManyChosen):
        quote_upgrade(aurora, licenses * 501, plan("pro"), on=today)
    licensing.remove_licenses(aurora, plan("pro"), "year", 1, by=alice.as_actor())
    with pytest.raises(LicenseGone):
        quote_upgrade(aurora, list(aurora.licenses.all()), plan("max"), on=today)


@pytest.mark.parametrize("more", [0, -1, 1001])
def test_an_impossible_number_of_activations_is_refused(aurora: Account, alice: User, more: int) -> None:
    with pytest.raises(billing.ActivationsNotValid):
        billing.raise_activations(aurora, alice, [], more, shown="", key="k", by=alice.as_actor())


def test_mallory_cannot_upgrade_auroras_licenses(aurora: Account, mallory: User) -> None:
    bought(aurora, "eco", 1)
    keys = [license.pk for license in licenses_of(aurora)]
    with pytest.raises(LicenseGone):
        billing.chosen(mallory.account, keys)
    with pytest.raises(NotPermitted):
        billing.downgrade_licenses(aurora, keys, Plan.objects.get(code="eco"), by=mallory.as_actor())


def test_bob_can_change_no_plan(aurora: Account, bob: User, plan: Plans) -> None:
    bought(aurora, "pro", 1)
    keys = [license.pk for license in licenses_of(aurora)]
    with pytest.raises(NotPermitted):
        upgrade(bob, licenses_of(aurora), "max", shown="x")
    for act in (billing.downgrade_licenses, billing.downgrade_licenses_now):
        with pytest.raises(NotPermitted):
            act(aurora, keys, plan("eco"), by=bob.as_actor())


# Downgrade


def test_a_downgrade_comes_with_the_renewal_and_can_be_taken_back(
    aurora: Account, alice: User, plan: Plans
) -> None:
    bought(aurora, "pro", 2)
    keys = [license.pk for license in licenses_of(aurora)]
    billing.downgrade_licenses(aurora, keys, plan("eco"), by=alice.as_actor())
    assert renewal_of(aurora, subscription(aurora)).net == 2 * 12_00
    billing.keep_plans(aurora, keys[:1], by=alice.as_actor())
    assert renewal_of(aurora, subscription(aurora)).net == 132_00 + 12_00
    assert {license.plan.code for license in licenses_of(aurora)} == {"pro"}
    with clock.at(at_noon(subscription(aurora).renews_on)):
        all_that_is_due()
    assert sorted(license.plan.code for license in licenses_of(aurora)) == ["eco", "pro"]
    assert aurora.orders.get(kind="renewal").net == 132_00 + 12_00
    assert Entry.objects.filter(event="license.downgraded").count() == 1
    assert Entry.objects.filter(event="license.plan_kept").count() == 1


def test_a_downgrade_now_leaves_holder_and_devices_and_refunds_nothing(
    aurora: Account, alice: User, bob: User, plan: Plans
) -> None:
    bought(aurora, "pro", 1)
    license = licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    billing.downgrade_licenses_now(aurora, [license.pk], plan("eco"), by=alice.as_actor())
    license.refresh_from_db()
    assert (license.plan.code, license.holder, license.worth) == ("eco", bob, 132_00)
    assert letters("license_downgraded", "bob@aurora.example") == 1
    assert Order.objects.filter(account=aurora).count() == 1
    with clock.at(at_noon(subscription(aurora).renews_on)):
        all_that_is_due()
    assert aurora.orders.get(kind="renewal").net == 12_00


def test_an_upgrade_forgets_a_downgrade_that_was_to_come(aurora: Account, alice: User, plan: Plans) -> None:
    bought(aurora, "advanced", 1)
    keys = [license.pk for license in licenses_of(aurora)]
    billing.downgrade_licenses(aurora, keys, plan("eco"), by=alice.as_actor())
    paid(upgrade(alice, licenses_of(aurora), "pro"))
    assert licenses_of(aurora)[0].becomes is None
    assert renewal_of(aurora, subscription(aurora)).net == 132_00


@pytest.mark.parametrize("code", ["pro", "advanced-shared", "max"])
def test_a_downgrade_to_what_is_not_lower_is_refused(
    aurora: Account, alice: User, plan: Plans, code: str
) -> None:
    bought(aurora, "pro", 1)
    keys = [license.pk for license in licenses_of(aurora)]
    with pytest.raises((billing.NotLower, PlanNotSold)):
        billing.downgrade_licenses(aurora, keys, plan(code), by=alice.as_actor())
