"""The pages of subscriptions, upgrades and downgrades: every amount before it is charged, every end before it comes."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.billing.acts import DECLINED_LATER, all_that_is_due, bought, paid, subscription
from valija.accounts.models import Account, User
from valija.billing import operations as billing
from valija.billing.models import Order
from valija.core import clock
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan, Subscription

pytestmark = pytest.mark.django_db
SignedIn = Callable[..., Client]


def field(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    assert found
    return found[1]


def ticked(account: Account) -> str:
    keys = License.objects.filter(account=account).order_by("id").values_list("pk", flat=True)
    return urlencode([("license", str(key)) for key in keys])


def test_an_upgrade_shows_every_amount_and_is_paid_like_a_purchase(alice: User, signed_in: SignedIn) -> None:
    bought(alice.account, "eco", 2)
    browser = signed_in(alice)
    asked = browser.get(f"/licenses/upgrade?{ticked(alice.account)}")
    assert "290,40" in asked.text.replace("\xa0", " ")  # Pro, two licenses, with taxes
    page = browser.get(f"/licenses/upgrade?{ticked(alice.account)}&plan=pro")
    for amount in ("240,00", "290,40", "319,44"):
        assert amount in page.text
    form = {
        "license": [str(key) for key in License.objects.values_list("pk", flat=True)], "plan": "pro",
        "fingerprint": field(page, "fingerprint"), "key": field(page, "key"),
    }  # fmt: skip
    assert browser.post("/licenses/upgrade/place", form).status_code == 422  # not agreed
    answer = browser.post("/licenses/upgrade/place", {**form, "agreed": "on"})
    order = Order.objects.get(kind="upgrade")
    assert answer.headers["location"] == order.payment.page_url
    paid(order)
    assert set(License.objects.values_list("plan__code", flat=True)) == {"pro"}
    back = browser.get(f"/purchases/{order.pk}/return", follow=True)
    assert order.number in back.text
    assert browser.get(f"/purchases/{order.pk}").status_code == 200


def test_what_was_upgraded_meanwhile_is_told(alice: User, signed_in: SignedIn) -> None:
    bought(alice.account, "eco", 1)
    browser = signed_in(alice)
    page = browser.get(f"/licenses/upgrade?{ticked(alice.account)}&plan=pro")
    License.objects.update(plan=Plan.objects.get(code="pro"))
    form = {
        "license": str(License.objects.get().pk), "plan": "pro", "agreed": "on",
        "fingerprint": field(page, "fingerprint"), "key": field(page, "key"),
    }  # fmt: skip
    answer = browser.post("/licenses/upgrade/place", form)
    assert not Order.objects.filter(kind="upgrade").exists()
    assert answer.status_code in (302, 409)


def test_licenses_of_the_pool_can_be_upgraded_and_lowered(alice: User, signed_in: SignedIn) -> None:
    bought(alice.account, "advanced", 2)
    browser = signed_in(alice)
    for page in ("upgrade", "downgrade"):
        answer = browser.get(f"/licenses/{page}?pool=advanced&interval=year&number=1")
        assert answer.text.count('name="license"') == 1


def test_nothing_ticked_is_told_and_mallory_finds_nothing(
    alice: User, mallory: User, signed_in: SignedIn
) -> None:
    bought(alice.account, "eco", 1)
    assert signed_in(alice).get("/licenses/upgrade").headers["location"] == "/licenses#held"
    answer = signed_in(mallory).get(f"/licenses/upgrade?{ticked(alice.account)}", follow=True)
    assert str(License.objects.get().pk) not in answer.text


def test_more_activations_of_a_shared_license_are_quoted(alice: User, signed_in: SignedIn) -> None:
    bought(alice.account, "pro-shared", 1)
    browser, license = signed_in(alice), License.objects.get()
    assert browser.get(f"/licenses/{license.pk}/activations").status_code == 200
    assert browser.get(f"/licenses/{license.pk}/activations?more=x").status_code == 422
    page = browser.get(f"/licenses/{license.pk}/activations?more=2")
    assert "154,88" in page.text
    answer = browser.post(
        f"/licenses/{license.pk}/activations/raise",
        {
            "more": "2",
            "agreed": "on",
            "fingerprint": field(page, "fingerprint"),
            "key": field(page, "key"),
        },
    )
    assert answer.status_code == 302
    assert Order.objects.get(kind="activations").total == 154_88


@pytest.mark.parametrize(("when", "path"), [("renewal", "renewal"), ("now", "now")])
def test_a_downgrade_says_before_what_it_means(
    alice: User, signed_in: SignedIn, when: str, path: str
) -> None:
    bought(alice.account, "pro", 2)
    browser = signed_in(alice)
    assert browser.get(f"/licenses/downgrade?{ticked(alice.account)}").status_code == 200
    page = browser.get(f"/licenses/downgrade?{ticked(alice.account)}&plan=eco&when={when}")
    for words in ("264,00", "24,00", "240,00"):
        assert words in page.text
    keys = [str(key) for key in License.objects.values_list("pk", flat=True)]
    browser.post(f"/licenses/downgrade/{path}", {"license": keys, "plan": "eco"})
    lower = {"now": {"plan__code": "eco"}, "renewal": {"becomes__code": "eco"}}[when]
    assert License.objects.filter(**lower).count() == 2
    if when == "renewal":
        browser.post("/licenses/downgrade/keep", {"license": keys})
        assert not License.objects.exclude(becomes=None).exists()


def test_the_subscription_shows_day_amount_and_arithmetic(carol: User, signed_in: SignedIn) -> None:
    bought(carol.account, "pro", 3)
    page = signed_in(carol).get("/subscriptions")
    assert "396,00" in page.text
    assert "479,16" in page.text


def test_an_overdue_renewal_is_paid_from_its_page(alice: User, signed_in: SignedIn) -> None:
    bought(alice.account, "pro", 1, card=DECLINED_LATER)
    Subscription.objects.update(renews_on=clock.today())  # a browser's session does not last for a year
    all_that_is_due()
    browser = signed_in(alice)
    assert "159,72" in browser.get("/subscriptions").text
    assert browser.get("/licenses").text.count("/subscriptions") >= 2  # the notice and the link
    answer = browser.post(f"/subscriptions/{subscription(alice.account).pk}/pay")
    order = Order.objects.get(kind="renewal")
    assert answer.headers["location"] == order.payment.page_url
    paid(order)
    assert subscription(alice.account).past_due_since is None
    again = browser.post(f"/subscriptions/{subscription(alice.account).pk}/pay")
    assert again.headers["location"] == "/subscriptions"


def test_canceling_says_before_what_ends_and_can_be_taken_back(alice: User, signed_in: SignedIn) -> None:
    bought(alice.account, "pro", 2)
    found = subscription(alice.account)
    browser = signed_in(alice)
    assert browser.get(f"/subscriptions/{found.pk}/cancellation").status_code == 200
    browser.post(f"/subscriptions/{found.pk}/cancel")
    assert subscription(alice.account).canceled_at
    assert browser.get("/subscriptions").status_code == 200
    browser.post(f"/subscriptions/{found.pk}/keep")
    assert subscription(alice.account).canceled_at is None


def test_mallory_and_bob_find_no_subscription_of_auroras(
    alice: User, bob: User, mallory: User, signed_in: SignedIn
) -> None:
    bought(alice.account, "pro", 1)
    found = subscription(alice.account)
    for act in ("pay", "cancel", "keep"):
        assert signed_in(mallory).post(f"/subscriptions/{found.pk}/{act}").status_code in (302, 404)
        assert signed_in(bob).post(f"/subscriptions/{found.pk}/{act}").status_code == 403
    assert subscription(alice.account).canceled_at is None


def test_a_trial_is_offered_started_and_told(alice: User, signed_in: SignedIn) -> None:
    browser = signed_in(alice)
    assert 'href="/trial"' in browser.get("/licenses").text
    assert browser.get("/trial").status_code == 200
    assert browser.post("/trial/start").status_code == 302
    assert License.objects.filter(account=alice.account).count() == 13
    for page in ("/subscriptions", "/licenses", "/users"):
        assert browser.get(page).status_code == 200
    assert browser.get("/trial").status_code == 302
    assert 'href="/trial"' not in browser.get("/licenses").text
    bob = alice.account.users.get(email="bob@aurora.example")
    licensing.assign_license(alice.account, Plan.objects.get(code="pro"), bob, by=alice.as_actor())
    assert browser.get("/licenses/pro/trial/holders").status_code == 200
    assert billing.may_try(alice.account) is False
