"""The journal as pages: what happened in the account, what a person did, and what happened to one thing."""

from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET

from valija.accounts.models import User
from valija.accounts.permissions import Permission, Role
from valija.core import clock, facts
from valija.core.errors import NotPermitted
from valija.core.ids import first_id_at
from valija.core.pages import page_of
from valija.journal.filters import KINDS, TOPICS, Filters
from valija.journal.models import Entries, Entry
from valija.web.access import Request, allowed, signed_in
from valija.web.errors import found
from valija.web.journal_entry import detailed, shown

SIZE = 50
NAMESAKES = 20  # people that one name may mean
# Keys begin with the time at which an entry was written, which is before it can be seen: what follows the journal live
# stays so far behind, so that it passes over nothing.
BEHIND = timedelta(seconds=2)
ASKED = ("from", "to", "q", "topic", "person", "kind", "object", "address", "event")


@require_GET
@allowed(Permission.JOURNAL_ACCOUNT, Permission.JOURNAL_USERS)
def account_journal(request: Request) -> HttpResponse:
    """Every change of licenses, people, domains and money: who, when and from where."""
    return _page(request, seen_by(request), {"everything": True, "whose": None})


@require_GET
@allowed(Permission.JOURNAL_ACCOUNT, Permission.JOURNAL_USERS)
def user_journal(request: Request, user_id: UUID) -> HttpResponse:
    """What one person did, and what was done to this person."""
    person = _person(request, user_id)
    entries = Entry.objects.of_account(request.user.account_id).concerning(person.pk)
    return _page(request, entries, {"everything": True, "whose": person})


@require_GET
@allowed(Permission.ACCOUNT_PAGE)
def own_journal(request: Request) -> HttpResponse:
    """What I did, and what was done to me."""
    entries = Entry.objects.of_account(request.user.account_id).concerning(request.user.pk)
    return _page(request, entries, {"everything": False, "whose": None})


@require_GET
@signed_in
def journal_entry(request: Request, entry_id: UUID) -> HttpResponse:
    """One entry with all that is known of it."""
    everything = True
    entry = seen_by(request).filter(pk=entry_id).first() if _may_see_others(request) else None
    if entry is None:
        everything = False
        own = Entry.objects.of_account(request.user.account_id).concerning(request.user.pk)
        entry = found(own.filter(pk=entry_id).first())
    context = {"row": detailed(request, entry, everything), "everything": everything}
    whole = "HX-Request" not in request.headers
    return render(request, "journal/entry_page.html" if whole else "journal/details.html", context)


def seen_by(request: Request) -> Entries:
    """The account's entries that this person may see: all, or those of people who are no administrators."""
    entries = Entry.objects.of_account(request.user.account_id)
    if request.actor.may(Permission.JOURNAL_ACCOUNT):
        return entries
    administrators = User.objects.filter(account_id=request.user.account_id, role=Role.ADMINISTRATOR)
    return entries.by_others_than(administrators.values_list("pk", flat=True))


def _may_see_others(request: Request) -> bool:
    return request.actor.may(Permission.JOURNAL_ACCOUNT) or request.actor.may(Permission.JOURNAL_USERS)


def _person(request: Request, user_id: UUID) -> User:
    person: User = found(User.objects.filter(pk=user_id, account_id=request.user.account_id).first())
    if person.role == Role.ADMINISTRATOR and not request.actor.may(Permission.JOURNAL_ACCOUNT):
        raise NotPermitted
    return person


def filters_of(request: Request) -> tuple[Filters, str]:
    """What is asked for, and how the person asked for is called."""
    filters = Filters.asked(request.GET)
    asked = request.GET.get("person", "").replace("\0", "").strip()[:254]
    if not asked:
        return filters, ""
    people = User.objects.filter(account_id=request.user.account_id)
    key = _uuid(asked)
    named = (
        people.filter(Q(pk=key) if key else Q(email=asked.casefold()))[:1]
        or people.matching(asked)[:NAMESAKES]
    )
    names = [person.full_name for person in named]
    keys = tuple(str(person.pk) for person in named)
    if key and not keys:  # somebody of long ago, or of nowhere: what the journal knows of this key
        keys = (str(key),)
    filters = replace(filters, people=keys, nobody=not keys)
    return filters, names[0] if len(names) == 1 else asked


def _page(request: Request, entries: Entries, context: dict[str, Any]) -> HttpResponse:
    filters, person = filters_of(request)
    entries = filters.among(entries)
    if "newer" in request.GET and "HX-Request" in request.headers:
        return _tail(request, entries, bool(context["everything"]))
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    page = page_of(entries, by=("-id", "-id"), size=SIZE, after=after, before=before)
    live = "live" in request.GET and not after and not before
    context |= {
        "page": page,
        "days": _days(request, page.rows, bool(context["everything"])),
        "filters": filters,
        "topics": [(code, label) for code, (label, _prefixes) in TOPICS.items()],
        "kinds": KINDS,
        "chips": _chips(request, filters, person),
        "asked": {name: request.GET.get(name, "") for name in ASKED},
        "more_filters": bool(
            filters.kind or filters.thing or filters.address or filters.people or filters.nobody
        ),
        "live": live,
        "here": address(request, after=None, before=None, live=None, newer=None),
        "follow": address(request, after=None, before=None, live="1"),
        "tail": tail_address(request, page.rows),
        "export_query": address(request, after=None, before=None, live=None).lstrip("?"),
    }
    return render(request, "journal/page.html", context)


def _days(request: Request, rows: list[Entry], everything: bool) -> list[dict[str, Any]]:
    return [
        {
            "day": facts.day(day),
            "key": f"day-{day:%Y-%m-%d}",
            "rows": [shown(request, row, everything) for row in some],
        }
        for day, some in groupby(rows, key=lambda row: timezone.localtime(row.at).date())
    ]


# Following it live


def tail_address(request: Request, rows: list[Entry]) -> str:
    """Where what comes after these entries is asked for, with the day under which new lines are put."""
    newest = rows[0].pk if rows else first_id_at(clock.now() - BEHIND)
    day = f"day-{timezone.localtime(rows[0].at):%Y-%m-%d}" if rows else ""
    return address(request, after=None, before=None, newer=str(newest), top=day)


def _tail(request: Request, entries: Entries, everything: bool) -> HttpResponse:
    """The lines since the last question, for the top of the list, and how many there are, to be read aloud."""
    newer = _uuid(request.GET["newer"]) or first_id_at(clock.now() - BEHIND)
    fresh = entries.filter(pk__gt=newer, pk__lt=first_id_at(clock.now() - BEHIND)).order_by("id")[:SIZE]
    rows = list(fresh)[::-1]
    number = len(rows)
    said = (
        ngettext("%(number)s new entry.", "%(number)s new entries.", number) % {"number": number}
        if rows
        else ""
    )
    top = request.GET.get("top", "")
    context = {
        "days": _days(request, rows, everything),
        "top": top,
        "tail": tail_address(request, rows) if rows else address(request, newer=str(newer), top=top),
        "said": said,
        "everything": everything,
    }
    return render(request, "journal/tail.html", context)


def address(request: Request, **changed: str | None) -> str:
    """This page with other values in its address; None leaves one out."""
    query = request.GET.copy()
    for name, value in changed.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"?{query.urlencode()}"


def _chips(request: Request, filters: Filters, person: str) -> list[dict[str, str]]:
    """What the list is limited to, each with the address of the list without it."""
    topic = TOPICS[filters.topic][0] if filters.topic else ""
    labels = {
        "from": gettext("From %(day)s") % {"day": facts.day(filters.first)} if filters.first else "",
        "to": gettext("Until %(day)s") % {"day": facts.day(filters.last)} if filters.last else "",
        "q": gettext("Search: %(words)s") % {"words": filters.words} if filters.words else "",
        "topic": gettext("Topic: %(topic)s") % {"topic": topic} if topic else "",
        "event": gettext("Event: %(event)s") % {"event": filters.event} if filters.event else "",
        "person": gettext("Person: %(person)s") % {"person": person} if person else "",
        "kind": gettext("Object: %(kind)s") % {"kind": KINDS[filters.kind]} if filters.kind else "",
        "object": gettext("Key of the object: %(key)s") % {"key": filters.thing} if filters.thing else "",
        "address": gettext("Address: %(address)s") % {"address": filters.address} if filters.address else "",
    }
    return [
        {"label": label, "url": address(request, **{name: None, "after": None, "before": None})}
        for name, label in labels.items()
        if label
    ]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
