"""The journal as a page: searched, narrowed, paged, and each sees what is his."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core import actor, clock, ids
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.journal.filters import TOPICS
from valija.journal.models import Entry
from valija.web.journal import SIZE

pytestmark = [pytest.mark.database, pytest.mark.django_db]

SignedIn = Callable[..., Client]
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


def write(user: User, *, by: Actor | None = None, plan: str = "Pro", at: datetime | None = None) -> Entry:
    by = by or user.as_actor(address="203.0.113.7", browser=FIREFOX)
    entry = journal.record(
        Event.LICENSE_ASSIGNED,
        by=by,
        account_id=user.account_id,
        subject_id=user.pk,
        user=user.email,
        plan=plan,
    )
    if at is None:
        return entry
    Entry.objects.filter(pk=entry.pk).delete()
    entry.pk, entry.at = ids.first_id_at(at), at
    entry.save(force_insert=True)
    return entry


def lines(browser: Client, query: str = "") -> list[str]:
    page = browser.get(f"/journal{query}").content.decode()
    return page.partition("</section>")[0].split('<div class="entry">')[1:]


def test_an_entry_tells_when_who_what_and_from_where(signed_in: SignedIn, alice: User, bob: User) -> None:
    write(
        bob,
        by=alice.as_actor(address="203.0.113.7", browser=FIREFOX),
        at=datetime(2026, 7, 1, 10, 42, 5, tzinfo=UTC),
    )
    User.objects.filter(pk=alice.pk).update(language="en", time_zone="America/Toronto")
    alice.refresh_from_db()
    (line,) = lines(signed_in(alice), "?from=2026-07-01&to=2026-07-01")
    for words in ("06:42:05", 'datetime="2026-07-01T06:42:05-04:00"', "Alice Romero", "203.0.113.7",
                  "Firefox 145 on Windows", "bob@aurora.example was given a Pro license."):  # fmt: skip
        assert words in line


def test_a_day_begins_where_the_reader_is(signed_in: SignedIn, alice: User) -> None:
    write(alice, plan="Late", at=datetime(2026, 6, 30, 22, 30, tzinfo=UTC))  # July 1st, 00:30 in Madrid
    assert len(lines(signed_in(alice), "?from=2026-07-01&to=2026-07-01")) == 1
    assert lines(signed_in(alice), "?from=2026-06-30&to=2026-06-30") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=eco", ["Eco"]),
        ("?q=dave", ["Eco"]),
        ("?q=203.0.113.9", ["Advanced"]),
        ("?q=eco+alice", []),
        ("?topic=licenses", ["Advanced", "Eco", "Pro"]),
        ("?topic=money", []),
        ("?topic=nonsense&from=yesterday&kind=no&event=no&person=&q=license", ["Advanced", "Eco", "Pro"]),
        ("?q=%25", []),
    ],
)
def test_the_journal_is_narrowed(
    signed_in: SignedIn, alice: User, bob: User, dave: User, query: str, found: list[str]
) -> None:
    User.objects.filter(pk=alice.pk).update(language="en")
    write(bob, plan="Pro")
    write(dave, plan="Eco")
    write(bob, plan="Advanced", by=bob.as_actor(address="203.0.113.9"))
    shown = [line for line in lines(signed_in(alice), query) if "license." in line]
    assert [next(plan for plan in ("Advanced", "Eco", "Pro") if plan in line) for line in shown] == found


def test_what_one_person_did_and_what_was_done_to_him(
    signed_in: SignedIn, alice: User, bob: User, dave: User
) -> None:
    write(bob, by=dave.as_actor())
    write(alice)
    found = lines(signed_in(alice), f"?person={dave.pk}&topic=licenses")
    assert len(found) == 1
    assert lines(signed_in(alice), f"?person={bob.pk}&topic=licenses") == found


def test_pages_follow_each_other_and_lose_nothing(signed_in: SignedIn, alice: User) -> None:
    start = clock.now() - timedelta(days=40)
    for number in range(2 * SIZE + 5):
        write(alice, plan=f"Plan-{number:03d}-", at=start + timedelta(seconds=number))
    browser, seen, query = signed_in(alice), [], "?topic=licenses"
    for _page in range(3):
        page = browser.get(f"/journal{query}").content.decode()
        seen += [part[:3] for part in page.split("Plan-")[1:]]
        query = next(
            (
                part.partition('"')[0]
                for part in page.split('href="')[1:]
                if "after=" in part.partition('"')[0]
            ),
            "",
        )
        query = query.replace("&amp;", "&")
    assert seen == [f"{number:03d}" for number in reversed(range(2 * SIZE + 5))]
    assert query == ""


def test_a_page_costs_the_same_at_any_depth(
    signed_in: SignedIn, alice: User, django_assert_num_queries: Any
) -> None:
    browser = signed_in(alice)
    browser.get("/journal")
    for entries in (0, 3 * SIZE):
        for _entry in range(entries):
            write(alice)
        with django_assert_num_queries(2):
            browser.get("/journal")


def test_a_cursor_that_nobody_made_is_told(signed_in: SignedIn, alice: User) -> None:
    assert signed_in(alice).get("/journal?after=AAAA").status_code == 422


@pytest.mark.parametrize("who", ["bob", "carol", "oscar"])
def test_the_account_journal_is_for_administrators(signed_in: SignedIn, cast: Any, who: str) -> None:
    browser = signed_in(getattr(cast, who))
    assert browser.get("/journal").status_code == 403
    assert browser.get("/journal/mine").status_code == 200


def test_mallory_sees_nothing_of_aurora(signed_in: SignedIn, mallory: User, alice: User) -> None:
    write(alice, plan="Secret")
    browser = signed_in(mallory)
    for query in ("", f"?person={alice.pk}", "?q=Secret"):
        page = browser.get(f"/journal{query}").content.decode()
        assert "given a Secret license" not in page
        assert "Alice Romero" not in page


def test_my_journal_is_what_i_did_and_what_was_done_to_me(
    signed_in: SignedIn, alice: User, bob: User, dave: User
) -> None:
    write(bob, by=alice.as_actor(address="203.0.113.7"), plan="MineOnly")
    write(dave, plan="HisOnly")
    page = signed_in(bob).get("/journal/mine").content.decode()
    assert "MineOnly" in page
    assert "HisOnly" not in page
    assert "203.0.113.7" not in page  # where an administrator sits is not his users' business


def test_what_nobody_signed_in_did_is_told_too(signed_in: SignedIn, alice: User, aurora: Account) -> None:
    User.objects.filter(pk=alice.pk).update(language="en")
    write(alice, by=actor.clock())
    write(alice, by=Actor(kind="anyone", label="", address="203.0.113.7"))
    text = "".join(lines(signed_in(alice), "?topic=licenses"))
    assert "Valija, by itself" in text
    assert "Somebody who was not signed in" in text


def test_every_event_has_one_topic() -> None:
    for event in Event:
        assert sum(event.code.startswith(prefixes) for _label, prefixes in TOPICS.values()) == 1, event.code


def test_a_filter_for_somebody_nobody_knows_finds_nothing(
    signed_in: SignedIn, alice: User, bob: User
) -> None:
    User.objects.filter(pk=alice.pk).update(language="en")
    write(bob)
    page = signed_in(alice).get("/journal?person=nobody-of-this-name").content.decode()
    assert "Nothing fits the search" in page
    assert "Person: nobody-of-this-name" in page


@pytest.mark.parametrize("asked", ["dave@aurora.example", "Dave Martin", "martin"])
def test_a_person_is_found_by_name_or_address(
    signed_in: SignedIn, alice: User, bob: User, dave: User, asked: str
) -> None:
    write(dave, plan="His")
    write(bob, plan="Other")
    page = "".join(lines(signed_in(alice), f"?topic=licenses&person={asked}"))
    assert "His" in page
    assert "Other" not in page


def test_the_journal_is_narrowed_by_thing_and_by_address(signed_in: SignedIn, alice: User, bob: User) -> None:
    write(bob, plan="Here", by=alice.as_actor(address="203.0.113.7"))
    write(bob, plan="There", by=alice.as_actor(address="203.0.113.70"))
    browser = signed_in(alice)
    text = "".join(lines(browser, "?address=203.0.113.7&topic=licenses"))
    assert "Here" in text
    assert "There" not in text
    journal.record(Event.TOKEN_CREATED, by=alice.as_actor(), about=bob, name="OfBob")
    assert "OfBob" in "".join(lines(browser, f"?object={bob.pk}&kind=user"))
    assert lines(browser, f"?object={bob.pk}&kind=order") == []


def test_each_filter_in_use_can_be_removed_alone(signed_in: SignedIn, alice: User) -> None:
    page = signed_in(alice).get("/journal?q=eco&topic=money&from=2026-01-01").content.decode()
    for rest in ("?topic=money&amp;from=2026-01-01", "?q=eco&amp;from=2026-01-01", "?q=eco&amp;topic=money"):
        assert f'<a class="chip" href="{rest}"' in page


def test_a_users_journal_leads_from_the_list_and_the_window(
    signed_in: SignedIn, alice: User, bob: User, dave: User
) -> None:
    write(dave, plan="HisOwn")
    write(bob, plan="NotHis")
    browser = signed_in(alice)
    for page in ("/users", f"/users/{dave.pk}/license"):
        assert f"/users/{dave.pk}/journal" in browser.get(page).content.decode()
    page = browser.get(f"/users/{dave.pk}/journal").content.decode()
    assert "HisOwn" in page
    assert "NotHis" not in page


def test_logs_of_users_are_not_logs_of_administrators(
    signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, alice: User, bob: User, dave: User
) -> None:
    """Two permissions: who holds that of users sees what users do, and nothing of what administrators do."""
    mine = frozenset({Permission.ACCOUNT_PAGE, Permission.JOURNAL_USERS})
    monkeypatch.setattr(User, "permissions", property(lambda user: mine))
    write(bob, by=dave.as_actor(), plan="ByUser")
    write(bob, by=alice.as_actor(), plan="ByAdministrator")
    browser = signed_in(bob)
    page = browser.get("/journal").content.decode()
    assert "ByUser" in page
    assert "ByAdministrator" not in page
    assert browser.get(f"/users/{dave.pk}/journal").status_code == 200
    assert browser.get(f"/users/{alice.pk}/journal").status_code == 403


def test_mallory_opens_no_journal_and_no_entry_of_aurora(
    signed_in: SignedIn, mallory: User, bob: User
) -> None:
    entry = write(bob)
    browser = signed_in(mallory)
    assert browser.get(f"/users/{bob.pk}/journal").status_code == 404
    assert browser.get(f"/journal/entries/{entry.pk}").status_code == 404


def test_an_entry_unfolds_to_all_that_is_known(signed_in: SignedIn, alice: User, bob: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="en", time_zone="America/Toronto", date_format="Y-m-d")
    alice.refresh_from_db()
    by = alice.as_actor(address="203.0.113.7", browser=FIREFOX, request_id="abc123")
    entry = write(bob, by=by, at=datetime(2026, 7, 1, 10, 42, 5, 123456, tzinfo=UTC))
    browser = signed_in(alice)
    page = browser.get(f"/journal/entries/{entry.pk}").content.decode()
    part = browser.get(f"/journal/entries/{entry.pk}", headers={"HX-Request": "true"}).content.decode()
    assert "<html" in page
    assert "<html" not in part
    for words in ("2026-07-01, 06:42:05.123456 EDT", "license.assigned", "203.0.113.7", FIREFOX, "abc123", "the portal",
                  "<dd class=\"text-break\">Pro</dd>"):  # fmt: skip
        assert words in page
        assert words in part


def test_a_user_unfolds_his_own_entries_without_the_administrators_address(
    signed_in: SignedIn, alice: User, bob: User, dave: User
) -> None:
    his, other = write(bob, by=alice.as_actor(address="203.0.113.7", browser=FIREFOX)), write(dave)
    browser = signed_in(bob)
    page = browser.get(f"/journal/entries/{his.pk}").content.decode()
    assert "203.0.113.7" not in page
    assert FIREFOX not in page
    assert browser.get(f"/journal/entries/{other.pk}").status_code == 404


@pytest.mark.parametrize(
    "calls_itself",
    ["<script>alert(1)</script>", '=HYPERLINK("http://x")', "x" * 10_000, "\u202e\u0007 name", ""],
)
def test_a_browser_may_call_itself_anything(signed_in: SignedIn, alice: User, calls_itself: str) -> None:
    entry = write(alice, by=alice.as_actor(browser=calls_itself))
    browser = signed_in(alice)
    for address in ("/journal", f"/journal/entries/{entry.pk}"):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.content.decode()
        assert len(answer.content) < 60_000


def test_new_lines_come_by_themselves_and_are_read_aloud(signed_in: SignedIn, alice: User, bob: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="en")
    browser = signed_in(alice)
    page = browser.get("/journal?live=1&topic=licenses").content.decode()
    tail = page.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    assert "newer=" in tail
    asking = {"HX-Request": "true"}
    assert "new entr" not in browser.get(f"/journal{tail}", headers=asking).content.decode()
    with clock.at(clock.now() + timedelta(seconds=10)):
        write(bob, plan="Fresh")
        write(bob, plan="Newest")
    with clock.at(clock.now() + timedelta(seconds=20)):
        answer = browser.get(f"/journal{tail}", headers=asking).content.decode()
        assert '<div hx-swap-oob="innerHTML:#news">2 new entries.</div>' in answer
        assert answer.index("Newest") < answer.index("Fresh")
        tail = answer.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
        assert "Fresh" not in browser.get(f"/journal{tail}", headers=asking).content.decode()


def test_a_purchase_shows_its_own_history(
    signed_in: SignedIn, alice: User, aurora: Account, buy: Callable[..., Any]
) -> None:
    User.objects.filter(pk=alice.pk).update(language="en")
    order = buy(aurora, "pro", 1)
    page = signed_in(alice).get(f"/purchases/{order.pk}").content.decode()
    assert f"Purchase {order.number} was paid" in page
    assert f'href="/journal?object={order.pk}"' in page
