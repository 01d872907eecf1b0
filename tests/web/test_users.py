"""User management and license management, as a browser sees them."""

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
from valija.licensing import operations as licensing
from valija.licensing.models import License

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NEW = {
    "first_name": "Elena", "last_name": "Ruiz", "email": "elena@aurora.example", "mobile": "", "language": "fr",
    "time_zone": "Europe/Madrid", "role": "user", "kind": "person", "plan": "", "sms_country": "ES", "date_format": "d/m/Y",
}  # fmt: skip


@pytest.fixture
def browser(alice: User, signed_in: Callable[..., Client]) -> Client:
    """Alice, who reads English here."""
    User.objects.filter(pk=alice.pk).update(language="en")
    alice.refresh_from_db()
    return signed_in(alice)


def page(answer: Any) -> str:
    """The words of a page, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


# The list


def test_everybody_is_listed_with_what_he_has(
    browser: Client, aurora: Account, bob: User, alice: User, buy: Any, plan: Any
) -> None:
    buy(aurora, "pro", 2)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    words = page(browser.get("/users"))
    assert "4 people and mailboxes. 3 have no license. Available: 1 Pro." in words
    assert "Bob Castellanos bob@aurora.example User Pro To activate never License management" in words
    assert "Mallory" not in words


def test_names_are_shown_as_text(browser: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(first_name="<b>{id}", last_name="%s")
    html = browser.get("/users").content.decode()
    assert "&lt;b&gt;{id} %s" in html
    assert "<b>{id}" not in html


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=castell", ["Bob"]),
        ("q=dave%40aur", ["Dave"]),
        ("q=MARTIN dave", ["Dave"]),
        ("role=administrator", ["Alice"]),
        ("plan=pro", ["Bob"]),
        ("plan=none", ["Alice", "Carol", "Dave"]),
        ("state=to_activate", ["Bob"]),
        ("state=active", []),
        ("state=none", ["Alice", "Carol"]),
        ("state=deactivated", ["Dave"]),
        ("q=nobody", []),
        ("q=%00", ["Alice", "Bob", "Carol", "Dave"]),
        ("q=%25", []),
    ],
)
def test_search_and_filters(
    query: str,
    names: list[str],
    browser: Client,
    aurora: Account,
    alice: User,
    bob: User,
    dave: User,
    buy: Any,
    plan: Any,
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    User.objects.filter(pk=dave.pk).update(deactivated_at=clock.now())
    html = browser.get(f"/users?{query}").content.decode()
    assert re.findall(r'person__name"[^>]*>(\w+)', html) == names
    if not names:
        assert "Nobody matches" in html


def test_pages_follow_each_other_by_name(browser: Client, aurora: Account) -> None:
    fill(aurora, 60)
    seen: list[str] = []
    address = "/users"
    while address:
        html = browser.get(address).content.decode()
        seen += re.findall(r'person__name"[^>]*>([^<]+)', html)
        following = re.search(r'href="(\?after=[^"]+)"[^>]*rel="next"', html)
        address = f"/users{following[1]}" if following else ""
    assert len(seen) == len(set(seen)) == 64
    assert seen == sorted(seen, key=str.casefold)


@pytest.mark.parametrize("after", ["nonsense", "W10", "WyJhIiwgIm5vIGlkIl0", "%00", "WyJcdTAwMDAiLCAiMCJd"])
def test_an_address_that_somebody_made_up(after: str, browser: Client) -> None:
    assert browser.get(f"/users?after={after}").status_code in {200, 422}


@pytest.mark.parametrize("query", ["", "?q=number", "?plan=none", "?state=to_activate"])
def test_the_number_of_queries_does_not_grow(query: str, browser: Client, aurora: Account) -> None:
    numbers = []
    for more in (10, 990, 9000):
        fill(aurora, more)
        browser.get("/users")
        cache.clear()  # a large account's numbers are counted every half minute, not for every page
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"/users{query}").status_code == 200
        numbers.append(len(queries))
    assert len(set(numbers)) == 1
    assert numbers[0] <= 7


def fill(account: Account, number: int) -> None:
    start = account.users.count()
    User.objects.bulk_create(
        (
            User(
                account=account, email=f"person{n}@aurora.example", first_name=f"Person{n % 97}", last_name=f"Number{n}",
                sort_name=f"person{n % 97} number{n}",
            )
            for n in range(start, start + number)
        ),
        batch_size=500,
    )  # fmt: skip


def test_who_may_not_see_it(bob: User, carol: User, signed_in: Callable[..., Client], client: Client) -> None:
    assert signed_in(bob).get("/users").status_code == 403
    assert signed_in(carol).get("/users").status_code == 403
    assert client.get("/users").status_code == 302


# Adding


def test_a_user_is_added(browser: Client, aurora: Account) -> None:
    answer = browser.post("/users/add", NEW, follow=True)
    assert "Elena Ruiz was added." in page(answer)
    user = aurora.users.get(email="elena@aurora.example")
    assert (user.language, user.role, user.kind) == ("fr", "user", "person")


def test_a_user_is_added_with_a_license(browser: Client, aurora: Account, buy: Any) -> None:
    buy(aurora, "pro", 1)
    assert "Pro, 1 available" in browser.get("/users").content.decode()
    answer = browser.post("/users/add", {**NEW, "plan": "pro"}, follow=True)
    assert "Elena Ruiz was added and has a Pro license." in page(answer)
    assert "Pro, 1 available" not in browser.get("/users").content.decode()


def test_a_shared_mailbox_is_added_with_its_license(browser: Client, aurora: Account, buy: Any) -> None:
    buy(aurora, "pro-shared", 1)
    browser.post("/users/add", {**NEW, "kind": "shared", "plan": "pro-shared"})
    assert aurora.users.get(email=NEW["email"]).license.plan.code == "pro-shared"
    assert "Shared mailbox Pro Shared" in page(browser.get("/users"))


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"email": "elena@aurora-norte.example"}, 409, "The domain aurora-norte.example is not approved"),
        ({"email": "bob@aurora.example"}, 409, "Somebody already uses the address bob@aurora.example."),
        ({"email": "elena"}, 422, "is not an e-mail address"),
        ({"email": ""}, 422, "This field is required."),
        ({"first_name": ""}, 422, "This field is required."),
        ({"mobile": "12"}, 422, "is not a mobile number"),
        ({"role": "provider"}, 422, "Select a valid choice"),
        ({"language": "xx"}, 422, "Select a valid choice"),
        ({"plan": "max"}, 409, "No Max license is left."),
        ({"plan": "none such"}, 422, "Select a valid choice"),
    ],
)
def test_what_was_typed_stays(wrong: dict[str, str], status: int, words: str, browser: Client) -> None:
    answer = browser.post("/users/add", {**NEW, **wrong})
    html = answer.content.decode()
    assert answer.status_code == status
    assert words in html.replace("&#x27;", "'")
    assert 'value="Ruiz"' in html
    assert 'aria-invalid="true"' in html
    assert not User.objects.filter(email=NEW["email"]).exists()


def test_the_empty_form_of_one_is_not_shown_to_another(
    browser: Client, mallory: User, signed_in: Callable[..., Client]
) -> None:
    assert "aurora.example" in browser.get("/users").content.decode()
    html = signed_in(mallory).get("/users").content.decode()
    assert "aurora.example" not in html
    assert "borealis.example" in html


# License management of one user


def test_plans_with_licenses_available_and_how_many(
    browser: Client, aurora: Account, bob: User, buy: Any
) -> None:
    buy(aurora, "pro", 2)
    buy(aurora, "pro-shared", 1)
    buy(aurora, "pro-api", 1)
    html = browser.get(f"/users/{bob.pk}/license").content.decode()
    assert re.findall(r'name="plan"\s+id="\w+"\s+value="([\w-]+)"', html) == ["pro"]
    assert "<strong>2</strong> available" in html
    assert "Bob Castellanos" in html


def test_none_left_leads_to_the_purchase(browser: Client, bob: User) -> None:
    words = page(browser.get(f"/users/{bob.pk}/license"))
    assert "No license is available" in words
    assert "Buy licenses" in words


def test_assigning(browser: Client, aurora: Account, bob: User, buy: Any) -> None:
    buy(aurora, "pro", 1)
    answer = browser.post(f"/users/{bob.pk}/license/assign?q=bob", {"plan": "pro"}, follow=True)
    assert answer.redirect_chain == [("/users?q=bob", 302)]
    assert "Bob Castellanos has a Pro license. We have sent an e-mail." in page(answer)


def test_modifying(browser: Client, aurora: Account, alice: User, bob: User, buy: Any, plan: Any) -> None:
    buy(aurora, "pro", 1)
    buy(aurora, "eco", 1)
    licensing.assign_license(aurora, plan("eco"), bob, by=alice.as_actor())
    words = page(browser.get(f"/users/{bob.pk}/license"))
    assert "Has now Eco" in words
    assert "0 of 3" in words
    answer = browser.post(f"/users/{bob.pk}/license/modify", {"plan": "pro"}, follow=True)
    assert "Bob Castellanos now has a Pro license" in page(answer)
    assert License.objects.get(holder=bob).plan.code == "pro"


def test_withdrawing_says_before_what_it_means(
    browser: Client, aurora: Account, alice: User, bob: User, buy: Any, plan: Any
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    words = page(browser.get(f"/users/{bob.pk}/license?tab=withdraw"))
    assert "becomes available again" in words
    assert "Journal and messages are kept" in words
    answer = browser.post(f"/users/{bob.pk}/license/withdraw", follow=True)
    assert "Bob Castellanos no longer has a license" in page(answer)
    assert not License.objects.assigned().exists()


def test_sending_the_activation_again(
    browser: Client, aurora: Account, alice: User, bob: User, buy: Any, plan: Any
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    answer = browser.post(f"/users/{bob.pk}/license/send", follow=True)
    assert "The activation was sent to Bob Castellanos again" in page(answer)


def test_taken_meanwhile_is_told_and_the_choice_is_kept(
    browser: Client, aurora: Account, bob: User, dave: User, carol: User, buy: Any, plan: Any
) -> None:
    buy(aurora, "pro", 1)
    buy(aurora, "eco", 3)
    User.objects.filter(pk=carol.pk).update(role="administrator")
    carol.refresh_from_db()
    licensing.assign_license(aurora, plan("pro"), dave, by=carol.as_actor())
    answer = browser.post(f"/users/{bob.pk}/license/assign", {"plan": "pro"})
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "No Pro license is left. Carol Iglesias assigned the last one a moment ago." in page(answer)
    [chosen] = [tag for tag in re.findall(r"<input[^>]*>", html) if 'name="plan"' in tag and "checked" in tag]
    assert 'value="pro"' in chosen
    assert "<strong>3</strong> available" in html


def test_nothing_chosen(browser: Client, aurora: Account, bob: User, buy: Any) -> None:
    buy(aurora, "pro", 1)
    answer = browser.post(f"/users/{bob.pk}/license/assign", {})
    assert answer.status_code == 422
    assert "Choose a plan first." in page(answer)


def test_somebody_of_another_account_is_not_there(
    browser: Client, aurora: Account, mallory: User, buy: Any
) -> None:
    buy(aurora, "pro", 1)
    assert browser.get(f"/users/{mallory.pk}/license").status_code == 404
    for act in ("assign", "modify", "withdraw", "send"):
        assert browser.post(f"/users/{mallory.pk}/license/{act}", {"plan": "pro"}).status_code == 404


def test_who_may_not_do_it(
    aurora: Account, bob: User, carol: User, signed_in: Callable[..., Client], buy: Any
) -> None:
    buy(aurora, "pro", 1)
    for somebody in (bob, carol):
        stranger = signed_in(somebody)
        assert stranger.get(f"/users/{bob.pk}/license").status_code == 403
        for act in ("assign", "modify", "withdraw", "send"):
            assert stranger.post(f"/users/{bob.pk}/license/{act}", {"plan": "pro"}).status_code == 403
        assert stranger.post("/users/add", NEW).status_code == 403
    assert not License.objects.assigned().exists()


# Search by what a word means, sorting, choosing many


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=pro", ["Bob"]),
        ("q=administrator", ["Alice"]),
        ("q=deactivated", ["Dave"]),
        ("q=bob pro", ["Bob"]),
        ("q=alice pro", []),
        ("sort=-name", ["Dave", "Carol", "Bob", "Alice"]),
        ("sort=email", ["Alice", "Bob", "Carol", "Dave"]),
        ("sort=-plan", ["Bob", "Dave", "Carol", "Alice"]),
        ("sort=-seen", ["Carol", "Alice", "Dave", "Bob"]),
        ("sort=-added", ["Dave", "Carol", "Bob", "Alice"]),
        ("sort=nonsense", ["Alice", "Bob", "Carol", "Dave"]),
        ("domain=aurora.example", ["Alice", "Bob", "Carol", "Dave"]),
        ("domain=gmail.com", []),
    ],
)
def test_words_and_sorts(
    query: str, names: list[str], browser: Client, aurora: Account, alice: User, bob: User, carol: User, dave: User,
    buy: Any, plan: Any,
) -> None:  # fmt: skip
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    User.objects.filter(pk=dave.pk).update(deactivated_at=clock.now())
    User.objects.filter(pk__in=[alice.pk]).update(last_seen_at=clock.now())
    User.objects.filter(pk=carol.pk).update(last_seen_at=clock.now() + timedelta(days=1))
    html = browser.get(f"/users?{query}").content.decode()
    found = re.findall(r'person__name"[^>]*>(\w+)', html)
    if query == "sort=-seen":  # those who never came are alike
        assert found[:2] == names[:2]
    else:
        assert found == names


@pytest.mark.parametrize(
    "sort", ["-name", "email", "-email", "plan", "-plan", "seen", "-seen", "added", "-added"]
)
def test_every_sort_is_read_to_its_end(sort: str, browser: Client, aurora: Account) -> None:
    fill(aurora, 60)
    seen: list[str] = []
    address = f"/users?sort={sort}"
    while address:
        html = browser.get(address).content.decode()
        seen += re.findall(r'person__mail">([^<]+)', html)
        following = re.search(r'href="(\?[^"]+)"[^>]*rel="next"', html)
        address = f"/users{following[1].replace('&amp;', '&')}" if following else ""
    assert len(seen) == len(set(seen)) == 64


def test_many_are_chosen_in_the_list(browser: Client, bob: User) -> None:
    html = browser.get("/users?q=bob").content.decode()
    assert re.search(rf'name="user"\s+value="{bob.pk}"', html)
    assert 'formaction="/users/bulk/plan?q=bob"' in html
    assert 'name="all"' in html
    assert re.search(rf'href="/users/{bob.pk}"', html)
