"""The same for many people, as a browser sees it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.licensing.test_bulk import fill
from valija.accounts.models import Account, User
from valija.licensing import operations as licensing
from valija.licensing.models import BulkAct, License

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def browser(alice: User, signed_in: Callable[..., Client]) -> Client:
    """Alice, who reads English here."""
    User.objects.filter(pk=alice.pk).update(language="en")
    alice.refresh_from_db()
    return signed_in(alice)


def page(answer: Any) -> str:
    """The words of a page, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def planned(browser: Client, query: str = "", **sent: Any) -> str:
    """The address of a plan that was asked for."""
    answer = browser.post(f"/users/bulk/plan{query}", sent)
    assert answer.status_code == 302, page(answer)
    return str(answer["Location"])


def test_ticked_people_are_given_licenses_and_it_is_undone(
    browser: Client, aurora: Account, bob: User, dave: User, buy: Any
) -> None:
    buy(aurora, "pro", 2)
    answer = browser.post("/users/bulk/plan", {"do": "assign", "user": [bob.pk, dave.pk]})
    assert "See the plan" in page(answer)
    here = planned(browser, do="assign", plan="pro", user=[bob.pk, dave.pk])
    words = page(browser.get(here))
    assert "Chosen 2 Will be done 2 Cannot be done 0" in words
    assert "Do it for 2 people" in words
    browser.post(f"{here}/apply")
    assert "0 of 2 done. You may leave this page" in page(browser.get(here))
    licensing.work_due.call()
    words = page(browser.get(here))
    assert "Done 2 Could not be done 0" in words
    assert "It can be undone until" in words
    browser.post(f"{here}/undo")
    licensing.work_due.call()
    assert "Undone 2" in page(browser.get(here))
    assert not License.objects.assigned().exists()
    assert "Assign licenses Pro" in page(browser.get("/users/bulk"))


def test_all_that_match_and_what_the_missing_licenses_cost(
    browser: Client, aurora: Account, buy: Any
) -> None:
    fill(aurora, 60)
    buy(aurora, "pro", 45)
    here = planned(browser, "?q=person", do="assign", plan="pro", all="1")
    words = page(browser.get(here))
    assert "Needed Available Missing Pro 60 45 15" in words
    assert "To buy the 15 missing licenses costs" in words
    answer = browser.post(f"{here}/buy", follow=True)
    assert "15 licenses were put into the cart." in page(answer)
    browser.post(f"{here}/buy")  # pressed twice
    assert aurora.cart.get().quantity == 15
    assert "They are in the cart already." in page(browser.get(here))


def test_refused_are_told_apart_with_the_reason(
    browser: Client, aurora: Account, alice: User, bob: User, buy: Any, plan: Any
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    here = planned(browser, do="assign", plan="pro", all="1")
    words = page(browser.get(f"{here}?rows=refused"))
    assert "bob@aurora.example Cannot be done Already has a license" in words
    assert "dave@aurora.example" not in words
    answer = browser.post(f"{here}/discard", follow=True)
    assert "The plan was discarded; nothing was changed." in page(answer)
    assert browser.get(here).status_code == 404


def test_nobody_ticked_or_nonsense(browser: Client) -> None:
    answer = browser.post("/users/bulk/plan?q=bob", {"do": "withdraw"}, follow=True)
    assert "Choose at least one person." in page(answer)
    assert browser.post("/users/bulk/plan", {"do": "explode"}).status_code == 302
    assert browser.post("/users/bulk/plan", {"do": "withdraw", "user": ["x", "%00"]}).status_code == 302
    assert not BulkAct.objects.exists()


def test_a_domain_is_moved_after_a_plan(browser: Client, aurora: Account) -> None:
    assert "To the domain" in page(browser.get("/users/move"))
    answer = browser.post("/users/move", {"old": "aurora.example", "new": "borealis.example"})
    assert answer.status_code == 409
    assert "The domain borealis.example is not approved" in page(answer)


def test_a_page_costs_the_same_however_many_there_are(browser: Client, aurora: Account, buy: Any) -> None:
    buy(aurora, "pro", 1)
    numbers = []
    for more in (10, 990):
        User.objects.filter(email__startswith="person").delete()
        BulkAct.objects.all().delete()
        fill(aurora, more)
        here = planned(browser, "?q=person", do="assign", plan="pro", all="1")
        browser.get(here)
        with CaptureQueriesContext(connection) as queries:
            browser.get(here)
        numbers.append(len(queries))
    assert len(set(numbers)) == 1


def test_of_another_account_or_without_the_permission(
    browser: Client, bob: User, carol: User, mallory: User, signed_in: Callable[..., Client]
) -> None:
    here = planned(browser, do="deactivate", user=[bob.pk])
    stranger = signed_in(mallory)
    assert stranger.get(here).status_code == 404
    for act in ("apply", "undo", "discard", "buy"):
        assert stranger.post(f"{here}/{act}").status_code == 404
    assert stranger.post("/users/bulk/plan", {"do": "deactivate", "user": [bob.pk]}).status_code == 422
    for somebody in (bob, carol):
        colleague = signed_in(somebody)
        assert colleague.get(here).status_code == 403
        assert colleague.post(f"{here}/apply").status_code == 403
        assert colleague.post("/users/bulk/plan", {"do": "deactivate", "user": [bob.pk]}).status_code == 403
        assert colleague.get("/users/move").status_code == 403
