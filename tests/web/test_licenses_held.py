"""Fewer licenses, holders, transfer, devices, and why a person has a plan: as a browser sees them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.actor import Actor
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db]

AVAILABLE = "/licenses/pro/year/available"
NOBODY = "01990000-0000-7000-8000-000000000000"
ANYONE = Actor(kind="anyone", label="", address="192.0.2.9", through="api")


@pytest.fixture
def browser(alice: User, signed_in: Callable[..., Client]) -> Client:
    """Alice, who reads English here."""
    User.objects.filter(pk=alice.pk).update(language="en")
    alice.refresh_from_db()
    return signed_in(alice)


@pytest.fixture
def license(aurora: Account, alice: User, bob: User, buy: Any, plan: Callable[[str], Plan]) -> License:
    """Five Pro licenses, of which Bob holds one."""
    cache.clear()
    buy(aurora, "pro", 5)
    return licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())


def page(answer: Any) -> str:
    """The words of a page, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def activate(user: User, device: str) -> None:
    letter = Letter.objects.filter(to=user.email, kind="license_assigned").order_by("-id")[0]
    licensing.activate_license(render(letter).links[0].partition("#")[2], device, by=ANYONE)


# Fewer licenses


def test_both_numbers_of_the_table_are_links(browser: Client, license: License) -> None:
    html = browser.get("/licenses").content.decode()
    assert f'href="{AVAILABLE}"' in html
    assert 'href="/licenses/pro/year/holders"' in html


def test_before_anything_is_done_the_page_says_what_it_means(browser: Client, license: License) -> None:
    words = page(browser.get(AVAILABLE, {"number": "3", "when": "now"}))
    assert "3 Pro licenses of Clínica Aurora are removed now, for good." in words
    assert "Nothing of that is refunded, and it cannot be undone." in words
    assert "To have as many again today you would pay €396.00, before taxes." in words
    assert "3 × €132.00 = €396.00" in words
    assert "4 → 1" in words
    words = page(browser.get(AVAILABLE, {"number": "1", "when": "renewal"}))
    assert "1 Pro license of Clínica Aurora ends on" in words
    assert "What was paid is not refunded." in words
    assert License.objects.available().count() == 4


def test_the_renewal_is_the_default(browser: Client, license: License) -> None:
    html = browser.get(AVAILABLE).content.decode()
    assert re.search(r'value="renewal"[^>]*checked', html)
    assert not re.search(r'value="now"[^>]*checked', html)


def test_ending_some_and_taking_it_back(browser: Client, license: License) -> None:
    answer = browser.post("/licenses/pro/year/end", {"number": "2", "when": "renewal"}, follow=True)
    assert "2 Pro licenses end on" in page(answer)
    assert "2 end at the renewal" in page(answer)
    assert License.objects.to_end().count() == 2
    assert "€264.00 more" in page(browser.get(AVAILABLE))
    answer = browser.post("/licenses/pro/year/keep", {"number": "2", "keep": "1"}, follow=True)
    assert "2 Pro licenses renew on" in page(answer)
    assert not License.objects.to_end().exists()


def test_removing_now(browser: Client, license: License) -> None:
    answer = browser.post("/licenses/pro/year/remove", {"number": "4"}, follow=True)
    assert "4 Pro licenses were removed." in page(answer)
    assert License.objects.living().count() == 1


@pytest.mark.parametrize("number", ["5", "999999", "99999999999999999999", "0", "-1", "x", "", "1.5", "٣"])
def test_impossible_numbers_are_told_before_and_after(browser: Client, license: License, number: str) -> None:
    for when in ("renewal", "now"):
        answer = browser.get(AVAILABLE, {"number": number, "when": when})
        assert answer.status_code in (409, 422)
        assert 'id="number-error"' in answer.content.decode()
    for act in ("remove", "end"):
        answer = browser.post(f"/licenses/pro/year/{act}", {"number": number})
        assert answer.status_code in (409, 422)
    answer = browser.post("/licenses/pro/year/keep", {"number": number, "keep": "1"})
    assert answer.status_code in (409, 422)
    assert License.objects.available().filter(to_end_since=None).count() == 4


def test_more_than_available_is_refused_with_the_number(browser: Client, license: License) -> None:
    answer = browser.post("/licenses/pro/year/remove", {"number": "5"})
    assert answer.status_code == 409
    assert "4 Pro at the moment, not 5. Nothing was removed." in page(answer)


def test_what_the_account_does_not_have_is_not_found(
    browser: Client, license: License, mallory: User
) -> None:
    for address in (
        "/licenses/eco/year/available",
        "/licenses/pro/month/available",
        "/licenses/x/year/available",
    ):
        assert browser.get(address).status_code == 404
    other = Client()
    other.force_login(mallory)
    assert other.get(AVAILABLE).status_code == 404
    assert other.post("/licenses/pro/year/remove", {"number": "1"}).status_code == 404


def test_who_may_not_sees_numbers_without_the_act(license: License, bob: User, signed_in: Any) -> None:
    assert signed_in(bob).get(AVAILABLE).status_code == 403
    assert signed_in(bob).post("/licenses/pro/year/remove", {"number": "1"}).status_code == 403


# Modify


def test_modifying_offers_to_end_the_old_one(
    browser: Client, license: License, bob: User, aurora: Account, buy: Any
) -> None:
    buy(aurora, "eco", 1)
    words = page(browser.get(f"/users/{bob.pk}/license"))
    assert "End the Pro license at the renewal" in words
    assert "That is €132.00 less at the renewal, before taxes." in words
    answer = browser.post(f"/users/{bob.pk}/license/modify", {"plan": "eco", "end_old": "1"}, follow=True)
    assert "the one before ends at the renewal" in page(answer)
    license.refresh_from_db()
    assert license.to_end_since is not None


def test_without_the_tick_it_renews(
    browser: Client, license: License, bob: User, aurora: Account, buy: Any
) -> None:
    buy(aurora, "eco", 1)
    browser.post(f"/users/{bob.pk}/license/modify", {"plan": "eco"})
    license.refresh_from_db()
    assert license.to_end_since is None


# Transfer


def receivers(user: User) -> str:
    return f"/users/{user.pk}/license/receivers"


def test_the_window_leads_to_those_without_a_license(
    browser: Client, license: License, bob: User, carol: User, dave: User
) -> None:
    window = browser.get(f"/users/{bob.pk}/license", {"q": "b"}).content.decode()
    assert f"{receivers(bob)}?list=q%3Db" in window
    words = page(browser.get(receivers(bob)))
    assert "Dave Martin" in words
    assert "Carol Iglesias" in words
    dave.deactivated_at = clock.now()
    dave.save()
    assert "Dave Martin" not in page(browser.get(receivers(bob)))
    assert "Nobody matches" in page(browser.get(receivers(bob), {"q": "martin"}))


def test_many_receivers_come_page_by_page(
    browser: Client, license: License, bob: User, aurora: Account
) -> None:
    User.objects.bulk_create(
        User(account=aurora, email=f"p{n:02}@aurora.example", first_name=f"P{n:02}", sort_name=f"p{n:02}")
        for n in range(25)
    )
    with CaptureQueriesContext(connection) as few:
        first = browser.get(receivers(bob)).content.decode()
    assert first.count('name="to"') == 10
    following = re.search(r'href="(\?[^"]*after=[^"]*)"[^>]*rel="next"[^>]*data-window', first)
    assert following
    second = browser.get(receivers(bob) + following[1].replace("&amp;", "&")).content.decode()
    assert second.count('name="to"') == 10
    assert not set(re.findall(r'value="([0-9a-f-]{36})"', first)) & set(
        re.findall(r'value="([0-9a-f-]{36})"', second)
    )
    User.objects.bulk_create(
        User(account=aurora, email=f"q{n:03}@aurora.example", first_name="Q", sort_name=f"q{n:03}")
        for n in range(200)
    )
    with CaptureQueriesContext(connection) as many:
        browser.get(receivers(bob))
    assert len(few) == len(many)


def test_transferring(browser: Client, license: License, bob: User, dave: User) -> None:
    answer = browser.post(f"/users/{bob.pk}/license/transfer?list=q%3Db", {"to": str(dave.pk)}, follow=True)
    assert answer.redirect_chain == [("/users?q=b", 302)]
    assert "Dave Martin now has the Pro license that Bob Castellanos had." in page(answer)
    license.refresh_from_db()
    assert license.holder == dave


def test_somebody_who_got_one_meanwhile_is_refused_and_the_choice_kept(
    browser: Client, license: License, bob: User, dave: User, aurora: Account, alice: User
) -> None:
    licensing.assign_license(aurora, license.plan, dave, by=alice.as_actor())
    answer = browser.post(f"/users/{bob.pk}/license/transfer", {"to": str(dave.pk)})
    assert answer.status_code == 409
    assert "Dave Martin already has a Pro license." in page(answer)
    assert "Who is to have it" in page(answer)


@pytest.mark.parametrize("to", ["", "x", NOBODY])
def test_nobody_chosen_and_nobody_known(browser: Client, license: License, bob: User, to: str) -> None:
    answer = browser.post(f"/users/{bob.pk}/license/transfer", {"to": to})
    assert answer.status_code == (404 if to else 422)


def test_mallory_is_not_found_and_finds_nothing(
    browser: Client, license: License, bob: User, mallory: User
) -> None:
    assert browser.post(f"/users/{bob.pk}/license/transfer", {"to": str(mallory.pk)}).status_code == 404
    other = Client()
    other.force_login(mallory)
    assert other.get(receivers(bob)).status_code == 404
    assert other.post(f"/users/{bob.pk}/license/transfer", {"to": str(mallory.pk)}).status_code == 404
    assert other.get(f"/licenses/{license.pk}").status_code == 404
    license.refresh_from_db()
    assert license.holder == bob


# Devices


def test_the_administrator_lets_a_device_go(browser: Client, license: License, bob: User) -> None:
    activate(bob, "laptop")
    activation = license.activations.get()
    window = browser.get(f"/users/{bob.pk}/license")
    assert "laptop" in page(window)
    address = f"/users/{bob.pk}/license/devices/{activation.pk}/end"
    assert f'formaction="{address}"' in window.content.decode()
    answer = browser.post(address, follow=True)
    assert "The license no longer works on laptop." in page(answer)
    activation.refresh_from_db()
    assert activation.ended_at is not None


def test_a_device_of_somebody_else_is_not_found(
    browser: Client, license: License, bob: User, dave: User, mallory: User
) -> None:
    activate(bob, "laptop")
    activation = license.activations.get()
    assert browser.post(f"/users/{dave.pk}/license/devices/{activation.pk}/end").status_code == 404
    other = Client()
    other.force_login(mallory)
    assert other.post(f"/users/{bob.pk}/license/devices/{activation.pk}/end").status_code == 404
    assert license.activations.living().count() == 1


def test_on_ones_own_page_it_can_be_let_go(license: License, bob: User, signed_in: Any) -> None:
    activate(bob, "laptop")
    own = signed_in(bob)
    assert "Why do I have this plan?" in page(own.get("/account"))
    assert own.post(f"/account/devices/{license.activations.get().pk}/end").status_code == 302
    assert not license.activations.living().exists()


def test_a_suspended_license_says_so(browser: Client, license: License, bob: User, signed_in: Any) -> None:
    license.subscription.suspended_at = clock.now()
    license.subscription.save()
    for answer in (browser.get(f"/users/{bob.pk}/license"), signed_in(bob).get("/account")):
        assert "The license is suspended: its renewal was not paid." in page(answer)
    assert "Suspended" in page(browser.get(f"/licenses/{license.pk}"))


# Lists, and why


def test_why_a_person_has_a_plan_down_to_the_payment(
    browser: Client, license: License, bob: User, alice: User
) -> None:
    words = page(browser.get(f"/licenses/{license.pk}"))
    order = license.grant.line.order
    assert "Why Bob Castellanos has Pro" in words
    assert "bob@aurora.example was given a Pro license. Alice Romero" in words
    assert f"Purchase {order.number}, confirmed by Alice Romero on" in words
    assert "5 Pro €132.00 / year" in words
    assert "€798.60 paid on" in words
    assert str(order.payment.reference) in words
    assert f"A Pro license was added by purchase {order.number}." in words
    assert f'href="/purchases/{order.pk}"' in browser.get(f"/licenses/{license.pk}").content.decode()


def test_it_is_reached_from_the_window_the_lists_and_the_account(
    browser: Client, license: License, bob: User, signed_in: Any
) -> None:
    address = f'href="/licenses/{license.pk}"'
    assert address in browser.get(f"/users/{bob.pk}/license").content.decode()
    assert address in browser.get("/licenses/all").content.decode()
    assert address in browser.get("/licenses/pro/year/holders").content.decode()
    assert address in signed_in(bob).get("/account").content.decode()


def test_a_holder_reads_why_without_the_money_and_without_his_predecessor(
    license: License, bob: User, dave: User, aurora: Account, alice: User, signed_in: Any
) -> None:
    licensing.transfer_license(aurora, bob, dave, by=alice.as_actor())
    User.objects.filter(pk=dave.pk).update(language="en")
    dave.refresh_from_db()
    words = page(signed_in(dave).get(f"/licenses/{license.pk}"))
    assert "Why Dave Martin has Pro" in words
    assert "€" not in words
    assert "bob@aurora.example was given" not in words
    assert signed_in(bob).get(f"/licenses/{license.pk}").status_code == 403


def test_what_ended_keeps_its_page_and_its_history(
    browser: Client, license: License, aurora: Account, alice: User
) -> None:
    [gone] = licensing.remove_licenses(aurora, license.plan, "year", 1, by=alice.as_actor())
    words = page(browser.get(f"/licenses/{gone.pk}"))
    assert "It ended on" in words
    assert "was removed, without a refund." in words
    assert str(gone.pk) in page(browser.get("/licenses/all", {"state": "ended"}))
    assert str(gone.pk) not in page(browser.get("/licenses/all", {"state": "available"}))


def test_holders_are_listed_page_by_page_with_as_many_questions(
    browser: Client, license: License, aurora: Account, plan: Callable[[str], Plan]
) -> None:
    address = "/licenses/pro/year/holders"
    browser.get("/licenses/all")  # that she is here is noted once
    with CaptureQueriesContext(connection) as few:
        words = page(browser.get(address))
    assert "Bob Castellanos" in words
    assert "1 in all" in words
    people = User.objects.bulk_create(
        User(account=aurora, email=f"p{n:02}@aurora.example", first_name=f"P{n:02}", sort_name=f"p{n:02}")
        for n in range(60)
    )
    License.objects.bulk_create(
        License(
            account=aurora, plan=license.plan, subscription=license.subscription, holder=person,
            assigned_at=clock.now() - timedelta(days=1),
        )
        for person in people
    )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        words = page(browser.get(address))
    assert "61 in all" in words
    assert "P30" not in words
    assert len(few) == len(many)
    assert "P30" in page(browser.get(address, {"q": "p30"}))
    with CaptureQueriesContext(connection) as listed:
        browser.get("/licenses/all")
    assert len(listed) <= 9


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%25", "q=x y", "plan=x", "state=x", "q=00000000-0000-0000-0000-000000000000"]
)
def test_lists_bear_any_question(browser: Client, license: License, query: str) -> None:
    assert browser.get(f"/licenses/all?{query}").status_code == 200
    assert browser.get(f"/licenses/pro/year/holders?{query}").status_code == 200
    assert browser.get(f"{receivers(license.holder)}?{query}").status_code == 200  # type: ignore[arg-type]
