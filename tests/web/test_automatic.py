"""Pages of what happens by itself: groups, rules, requests, claims, planned changes, licenses without use."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from valija.accounts import operations as accounts
from valija.accounts.models import Account, Group, User
from valija.core import clock
from valija.licensing import operations as licensing
from valija.licensing.models import (
    ClaimedPlan,
    License,
    LicenseRequest,
    LicenseRule,
    Plan,
    PlannedChange,
    PoolNotice,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database]

Plans = Callable[[str], Plan]
SignIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def _the_clock_goes_back_afterwards() -> Iterator[None]:
    with clock.at(clock.now()):
        yield


@pytest.fixture
def nurses(aurora: Account, alice: User, bob: User) -> Group:
    group = accounts.add_group(aurora, "Nurses", by=alice.as_actor())
    accounts.join_group(group, [bob], by=alice.as_actor())
    return group


def holder_of(plan: str) -> set[str]:
    held = License.objects.assigned().filter(plan__code=plan)
    return set(held.values_list("holder__first_name", flat=True))


def test_a_group_is_made_filled_nested_and_removed(
    signed_in: SignIn, alice: User, bob: User, aurora: Account
) -> None:
    browser = signed_in(alice)
    answer = browser.post("/groups/add", {"name": "Nurses"}, follow=True)
    group = Group.objects.get(name="Nurses")
    assert answer.redirect_chain[-1][0] == f"/groups/{group.pk}"
    found = browser.get(f"/groups/{group.pk}?q=bob").content.decode()
    assert f'value="{bob.pk}"' in found
    browser.post(f"/groups/{group.pk}/join", {"user": [str(bob.pk), "nonsense"]})
    assert [each.user for each in group.memberships.all()] == [bob]
    browser.post("/groups/add", {"name": "Clinic"})
    clinic = Group.objects.get(name="Clinic")
    browser.post(f"/groups/{clinic.pk}/nest", {"group": str(group.pk)})
    page = browser.get(f"/groups/{clinic.pk}").content.decode()
    assert "Nurses" in page
    refused = browser.post(f"/groups/{group.pk}/nest", {"group": str(clinic.pk)})
    assert refused.status_code == 409
    browser.post(f"/groups/{clinic.pk}/unnest", {"group": str(group.pk)})
    browser.post(f"/groups/{group.pk}/leave", {"user": str(bob.pk)})
    browser.post(f"/groups/{group.pk}/rename", {"name": "Night nurses"})
    assert "Night nurses" in browser.get("/groups").content.decode()
    browser.post(f"/groups/{group.pk}/remove")
    assert not Group.objects.filter(pk=group.pk).exists()


def test_a_refused_name_stays_in_its_field(signed_in: SignIn, alice: User, nurses: Group) -> None:
    answer = signed_in(alice).post("/groups/add", {"name": "nurses"})
    page = answer.content.decode()
    assert (answer.status_code, "field--error" in page, 'value="nurses"' in page) == (409, True, True)


def test_a_rule_is_seen_first_and_then_switched_on(
    signed_in: SignIn, alice: User, bob: User, nurses: Group, buy: Any, aurora: Account
) -> None:
    buy(aurora, "pro", 1)
    browser = signed_in(alice)
    chosen = {"carrier": f"group:{nurses.pk}", "plan": "pro"}
    seen = browser.get("/licenses/automatic/preview", chosen)
    assert bob.email in seen.content.decode()
    assert not LicenseRule.objects.exists()
    answer = browser.post("/licenses/automatic/on", chosen)
    rule = LicenseRule.objects.get()
    assert answer["Location"] == f"/licenses/automatic/{rule.pk}"
    assert bob.email in browser.get(answer["Location"]).content.decode()  # in the next moments
    licensing.apply_due.call()
    assert holder_of("pro") == {"Bob"}
    assert browser.post("/licenses/automatic/on", chosen).status_code == 409
    assert "Nurses" in browser.get("/licenses/automatic").content.decode()
    browser.post(f"/licenses/automatic/{rule.pk}/off-and-free")
    clock.move_by(timedelta(minutes=1))
    licensing.apply_due.call()
    assert holder_of("pro") == set()


def test_nothing_of_another_account_is_found(
    signed_in: SignIn, alice: User, bob: User, mallory: User, nurses: Group, plan: Plans, aurora: Account
) -> None:
    rule = licensing.switch_on_rule(aurora, plan("pro"), nurses, by=alice.as_actor())
    asked = licensing.request_license(bob, plan("pro"), "", by=bob.as_actor())
    day = clock.today() + timedelta(days=9)
    change = licensing.plan_assignment(aurora, plan("pro"), bob, day, by=alice.as_actor())
    browser = signed_in(mallory)
    for path in (f"/groups/{nurses.pk}", f"/licenses/automatic/{rule.pk}"):
        assert browser.get(path).status_code == 404
    chosen = {"carrier": f"group:{nurses.pk}", "plan": "pro"}
    assert browser.get("/licenses/automatic/preview", chosen).status_code == 404
    for path in (
        f"/groups/{nurses.pk}/remove",
        f"/groups/{nurses.pk}/join",
        f"/licenses/automatic/{rule.pk}/off",
        f"/licenses/requests/{asked.pk}/grant",
        f"/licenses/requests/{asked.pk}/refuse",
        f"/licenses/planned/{change.pk}/take-back",
    ):
        assert browser.post(path).status_code == 404, path
    for path in ("/groups", "/licenses/automatic", "/licenses/requests", "/licenses/planned"):
        assert bob.full_name not in browser.get(path).content.decode()
        assert signed_in(bob).get(path).status_code == 403


def test_bob_asks_and_alice_grants_with_one_click(
    signed_in: SignIn, alice: User, bob: User, buy: Any, aurora: Account
) -> None:
    buy(aurora, "pro", 1)
    asker, admin = signed_in(bob), signed_in(alice)
    assert "/account/license/request" in asker.get("/account").content.decode()
    asker.post("/account/license/request", {"plan": "pro", "reason": "Contracts"})
    asker.post("/account/license/request", {"plan": "pro", "reason": "Contracts"})
    request = LicenseRequest.objects.get()
    assert "Contracts" in admin.get("/licenses/requests").content.decode()
    admin.post(f"/licenses/requests/{request.pk}/grant")
    assert holder_of("pro") == {"Bob"}
    assert admin.post(f"/licenses/requests/{request.pk}/grant").status_code == 409


def test_granted_where_none_is_available_leads_to_the_purchase(
    signed_in: SignIn, alice: User, bob: User, buy: Any, aurora: Account
) -> None:
    signed_in(bob).post("/account/license/request", {"plan": "pro"})
    request, admin = LicenseRequest.objects.get(), signed_in(alice)
    for _press in range(2):
        answer = admin.post(f"/licenses/requests/{request.pk}/grant")
        assert answer["Location"].endswith("#cart")
    assert [(line.plan.code, line.quantity) for line in aurora.cart.all()] == [("pro", 1)]
    assert holder_of("pro") == set()
    aurora.cart.all().delete()
    buy(aurora, "pro", 1)
    clock.move_by(timedelta(minutes=1))
    licensing.apply_due.call()
    assert holder_of("pro") == {"Bob"}
    request.refresh_from_db()
    assert request.state == "settled"


def test_a_refusal_needs_a_reason_and_a_withdrawn_request_is_gone(
    signed_in: SignIn, alice: User, bob: User, aurora: Account
) -> None:
    asker, admin = signed_in(bob), signed_in(alice)
    asker.post("/account/license/request", {"plan": "pro"})
    request = LicenseRequest.objects.get()
    assert admin.post(f"/licenses/requests/{request.pk}/refuse", {"reason": " "}).status_code == 422
    admin.post(f"/licenses/requests/{request.pk}/refuse", {"reason": "Not this quarter"})
    assert "Not this quarter" in asker.get("/account").content.decode()
    asker.post("/account/license/request", {"plan": "eco"})
    asker.post("/account/license/request/withdraw")
    assert not LicenseRequest.objects.open().exists()


def test_bob_takes_a_license_where_the_account_allows_it(
    signed_in: SignIn, alice: User, bob: User, buy: Any, aurora: Account
) -> None:
    buy(aurora, "eco", 1)
    asker = signed_in(bob)
    assert asker.post("/account/license/claim", {"plan": "eco"}).status_code == 409
    signed_in(alice).post("/licenses/automatic/claims", {"plan": ["eco"]})
    assert ClaimedPlan.objects.get().plan.code == "eco"
    assert "/account/license/claim" in asker.get("/", follow=True).content.decode()
    asker.post("/account/license/claim", {"plan": "eco"})
    assert holder_of("eco") == {"Bob"}


def test_an_assignment_is_planned_in_the_window_and_taken_back(
    signed_in: SignIn, alice: User, bob: User, buy: Any, aurora: Account
) -> None:
    buy(aurora, "pro", 1)
    browser, day = signed_in(alice), clock.today() + timedelta(days=3)
    window = f"/users/{bob.pk}/license"
    wrong = browser.post(f"{window}/assign", {"plan": "pro", "start": "day", "on": "yesterday"})
    assert wrong.status_code == 422
    assert "field--error" in wrong.content.decode()
    browser.post(f"{window}/assign", {"plan": "pro", "start": "day", "on": day.isoformat()})
    change = PlannedChange.objects.get()
    assert (holder_of("pro"), change.on) == (set(), day)
    assert bob.full_name in browser.get("/licenses/planned").content.decode()
    assert "/licenses/planned" in browser.get(window).content.decode()
    browser.post(f"/licenses/planned/{change.pk}/take-back")
    clock.move_by(timedelta(days=4))
    licensing.carry_out_due.call()
    assert holder_of("pro") == set()


def test_withdrawal_transfer_and_removal_can_be_given_a_day_too(
    signed_in: SignIn, alice: User, bob: User, dave: User, buy: Any, plan: Plans, aurora: Account
) -> None:
    buy(aurora, "pro", 2)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    browser = signed_in(alice)
    on = (clock.today() + timedelta(days=2)).isoformat()
    browser.post(f"/users/{bob.pk}/license/transfer", {"to": str(dave.pk), "start": "day", "on": on})
    browser.post("/licenses/pro/year/remove", {"number": "1", "when": "now", "start": "day", "on": on})
    later = (clock.today() + timedelta(days=5)).isoformat()
    browser.post(f"/users/{dave.pk}/license/withdraw", {"start": "day", "on": later})
    assert sorted(PlannedChange.objects.values_list("kind", flat=True)) == ["remove", "transfer", "withdraw"]
    clock.move_by(timedelta(days=3))
    assert licensing.carry_out_due.call() == {"done": 2, "failed": 0}
    assert holder_of("pro") == {"Dave"}
    assert License.objects.exclude(ended_at=None).count() == 1
    clock.move_by(timedelta(days=3))
    licensing.carry_out_due.call()
    assert holder_of("pro") == set()


def test_notices_of_few_licenses_are_set(signed_in: SignIn, alice: User, buy: Any, aurora: Account) -> None:
    buy(aurora, "pro", 2)
    browser = signed_in(alice)
    assert "threshold_pro" in browser.get("/licenses/automatic").content.decode()
    assert browser.post("/licenses/automatic/notices", {"threshold_pro": "many"}).status_code == 422
    browser.post("/licenses/automatic/notices", {"threshold_pro": "3"})
    assert PoolNotice.objects.get().threshold == 3


def test_licenses_without_use_end_by_one_click(
    signed_in: SignIn, alice: User, buy: Any, aurora: Account
) -> None:
    buy(aurora, "pro", 2)
    browser = signed_in(alice)
    page = browser.get("/licenses/idle").content.decode()
    subscription = aurora.subscriptions.get()
    assert f"pro:{subscription.pk}" in page
    browser.post("/licenses/idle/end", {"all": f"pro:{subscription.pk}"})
    assert License.objects.exclude(to_end_since=None).count() == 2
    keys = [str(key) for key in License.objects.values_list("pk", flat=True)]
    browser.post("/licenses/idle/keep", {"license": keys})
    assert License.objects.exclude(to_end_since=None).count() == 0
    assert browser.post("/licenses/idle/end", {}).status_code == 422
