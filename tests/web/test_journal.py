"""The journal as a page: searched, narrowed, paged, and each sees what is his."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from valija.accounts.models import Account, User
from valija.core import actor, clock, ids
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.journal.models import Entry
from valija.web.journal import SIZE, TOPICS

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
    return [part.partition("</div>")[0] for part in page.split('<div class="entry">')[1:]]


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
        ("?topic=nonsense&from=yesterday&person=nobody&q=license", ["Advanced", "Eco", "Pro"]),
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
        with django_assert_num_queries(4):
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
