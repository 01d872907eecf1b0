"""The journal as pages: what happened in the account, and what a person did."""

from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from valija.accounts.models import User
from valija.accounts.permissions import Permission
from valija.core import browsers, facts
from valija.core.pages import page_of
from valija.journal.models import Entries, Entry
from valija.web.access import Request, allowed

SIZE = 50
# What kind of things happen: a name for the reader, the beginnings of the codes.
TOPICS = {
    "licenses": (_("Licenses"), ("license.", "activation.")),
    "people": (_("People"), ("account.", "user.")),
    "sign-in": (_("Signing in"), ("sign_in.", "session.")),
    "domains": (_("Domains"), ("domain.",)),
    "money": (_("Money"), ("cart.", "order.", "payment.")),
    "programs": (_("Programs"), ("token.",)),
}


@require_GET
@allowed(Permission.JOURNAL_ACCOUNT)
def account_journal(request: Request) -> HttpResponse:
    """Every change of licenses, people, domains and money: who, when and from where."""
    entries = Entry.objects.of_account(request.user.account_id)
    person = _uuid(request.GET.get("person", ""))
    if person:
        entries = entries.concerning(person)
    context = {"person": _label(request, person) if person else "", "person_id": person, "everything": True}
    return _page(request, entries, context)


@require_GET
@allowed(Permission.ACCOUNT_PAGE)
def own_journal(request: Request) -> HttpResponse:
    """What I did, and what was done to me."""
    entries = Entry.objects.of_account(request.user.account_id).concerning(request.user.pk)
    return _page(request, entries, {"everything": False})


def _page(request: Request, entries: Entries, context: dict[str, Any]) -> HttpResponse:
    asked = request.GET
    first, last = _day(asked.get("from", "")), _day(asked.get("to", ""))
    words, topic = asked.get("q", "").strip()[:100], asked.get("topic", "")
    entries = entries.between(_start(first), _start(last + timedelta(days=1)) if last else None)
    if topic in TOPICS:
        entries = entries.telling(TOPICS[topic][1])
    if words:
        entries = entries.matching(words)
    page = page_of(
        entries, by=("-id", "-id"), size=SIZE, after=asked.get("after", ""), before=asked.get("before", "")
    )
    shown = [_shown(request, entry, bool(context["everything"])) for entry in page.rows]
    days = [(day, list(rows)) for day, rows in groupby(shown, key=lambda row: row["day"])]
    filters = {"from": first, "to": last, "q": words, "topic": topic, "topics": TOPICS}
    narrowed = bool(first or last or words or topic in TOPICS or context.get("person_id"))
    return render(
        request, "journal/page.html", {**context, **filters, "page": page, "days": days, "narrowed": narrowed}
    )


def _shown(request: Request, entry: Entry, everything: bool) -> dict[str, Any]:
    # Whoever administers the account sees every address; others only their own.
    own = entry.actor_id == str(request.user.pk)
    return {
        "entry": entry,
        "day": facts.day(entry.at),
        "name": entry.actor_label.partition(" <")[0],
        "person": entry.actor_id if everything and entry.actor_kind == "user" else "",
        "address": entry.address if everything or own else "",
        "page": _leads_to(entry) if everything else None,
        "browser": browsers.parse(entry.browser) if entry.browser and (everything or own) else None,
    }


def _leads_to(entry: Entry) -> tuple[str, Any] | None:
    """The page of what an entry tells of, where there is one."""
    if entry.object_kind == "order":
        return reverse("purchase", args=[entry.object_id]), _("See the purchase")
    if not entry.event.startswith(("license.", "activation.", "user.")):
        return None
    user = _uuid(entry.object_id if entry.object_kind == "user" else entry.subject_id)
    return (reverse("user_license", args=[user]), _("See the person's license")) if user else None


def _label(request: Request, person: UUID) -> str:
    user = User.objects.filter(pk=person, account_id=request.user.account_id).first()
    return user.full_name if user else str(person)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _start(day: date | None) -> datetime | None:
    """When a day begins where the reader is."""
    return timezone.make_aware(datetime.combine(day, time())) if day else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
