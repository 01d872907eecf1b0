"""User management: who is in the account, with which license, and the form that adds somebody."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache as cache_forever
from functools import lru_cache
from html import escape
from typing import Any, cast
from urllib.parse import urlencode

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal
from django.contrib import messages
from django.core.cache import cache
from django.db.models import Count, DateTimeField, Exists, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission, Role
from valija.core.pages import Page, page_of
from valija.licensing import operations as licensing
from valija.licensing.searching import STATES, WITHOUT, at_work, filtered
from valija.web import new_user
from valija.web.access import Request, allowed
from valija.web.errors import shown_on

PAGE = 25
COUNTED_EACH_TIME = 1_000
COUNT_LASTS = 30  # seconds
# The order of the list, and the keys by which it is paged.
SORTS = {
    "name": ("sort_name", "id"), "-name": ("-sort_name", "-id"), "email": ("email", "id"), "-email": ("-email", "-id"),
    "plan": ("plan_rank", "id"), "-plan": ("-plan_rank", "-id"), "seen": ("seen", "id"), "-seen": ("-seen", "-id"),
    "added": ("id", "id"), "-added": ("-id", "-id"),
}  # fmt: skip
# Nobody's plan and nobody's last visit have a place too: a key cannot be empty.
SORTED_BY_MORE: dict[str, dict[str, Any]] = {
    "plan": {"plan_rank": Coalesce("license__plan__rank", 0)},
    "seen": {
        "seen": Coalesce(
            "last_seen_at", Value(datetime(2000, 1, 1, tzinfo=UTC)), output_field=DateTimeField()
        )
    },
}
SORT_LABELS = {
    "name": _("Name"), "-name": _("Name, from Z to A"), "email": _("Address"), "plan": _("Plan, the lowest first"),
    "-plan": _("Plan, the highest first"), "-seen": _("Seen last"), "seen": _("Not seen for long"),
    "-added": _("Added last"), "added": _("Added first"),
}  # fmt: skip
LOOKS = {"active": "ok", "to_activate": "wait", "none": "off", "deactivated": "stop"}


@require_GET
@allowed(Permission.USER_SEE)
def users(request: Request) -> HttpResponse:
    return users_page(request)


def users_page(request: Request) -> HttpResponse:
    account, chosen = request.account, request.GET
    plans = new_user.offers(account)
    asked = _asked(chosen)
    page = _page(account, asked, chosen, plans)
    total, without = _counts(account)
    context = {
        "lead": _lead(
            get_language() or "en",
            total,
            without,
            tuple((plan.available, plan.name) for plan in plans if plan.available),
        ),
        "rows": _rows(request, page),
        "page": page,
        "first": _name(page.first) if page.first else "",
        "last": _name(page.last) if page.last else "",
        "count": total if not asked else len(page.rows) if not (page.after or page.before) else None,
        "asked": asked,
        "filters": _filters(
            get_language() or "en",
            tuple((plan.code, plan.name) for plan in plans),
            tuple(asked.items()),
            _sort(chosen),
        ),
        "chips": _chips(asked, plans),
        "sort": _sort(chosen),
        "query": f"?{chosen.urlencode()}" if chosen else "",
        "narrowed": bool(asked),
        "may": _may(request),
        "users_url": reverse("users"),
        "may_add": request.actor.may(Permission.USER_ADD),
        "new_user": new_user.shown(request, plans) if request.actor.may(Permission.USER_ADD) else "",
    }
    return render(request, "users/list.html", context)


# The list


def _asked(query: QueryDict) -> dict[str, str]:
    """The filters in use. PostgreSQL knows no text with a NUL in it."""
    asked = {
        name: query.get(name, "").replace("\0", "").strip()
        for name in ("q", "plan", "role", "state", "domain")
    }
    return {name: value for name, value in asked.items() if value}


def _sort(query: QueryDict) -> str:
    sort = query.get("sort", "")
    return sort if sort in SORTS else "name"


def _page(
    account: Account, asked: dict[str, str], cursors: QueryDict, plans: Iterable[new_user.Offer]
) -> Page[User]:
    sort = _sort(cursors)
    names = [(plan.name, plan.code) for plan in plans]
    rows = filtered(_rows_shown(sort).filter(account=account), asked, names)
    after, before = cursors.get("after", ""), cursors.get("before", "")
    return page_of(cast("QuerySet[User]", rows), by=SORTS[sort], size=PAGE, after=after, before=before)


@cache_forever
def _rows_shown(sort: str) -> Any:
    """What the table shows of each user; built once for each sort, for that took longer than running it."""
    found: Any = User.objects.annotate(at_work=Exists(at_work()))
    also = SORTED_BY_MORE.get(sort.lstrip("-"), {})
    if also:
        found = found.annotate(**also)
    return found.values_list(
        "id", "first_name", "last_name", "sort_name", "email", "kind", "role", "last_seen_at", "deactivated_at",
        "license__plan__name", "at_work", *also, named=True,
    )  # fmt: skip


def _may(request: Request) -> dict[str, bool]:
    """What can be done with many."""
    may = request.actor.may
    return {
        "assign": may(Permission.LICENSE_ASSIGN),
        "deactivate": may(Permission.USER_DEACTIVATE),
        "change": may(Permission.USER_CHANGE),
    }


def _rows(request: Request, page: Page[Any]) -> SafeString:
    """The lines of the table, with everything said once that is alike in each."""
    states = {code: escape(str(label)) for code, label in STATES.items()}
    roles: dict[str, str] = {code: escape(str(label)) for code, label in Role.choices}
    kinds = {kind.value: escape(str(kind.label)) for kind in User.Kind if kind != User.Kind.PERSON}
    said = LastSeen()
    query = escape(f"?{request.GET.urlencode()}") if request.GET else ""
    may = request.actor.may(Permission.LICENSE_ASSIGN)
    journal = request.actor.may(Permission.JOURNAL_ACCOUNT)
    change = request.actor.may(Permission.USER_CHANGE)
    without, with_license = (
        _pattern(said.language, may, has_one, journal, change) for has_one in (False, True)
    )
    lines = []
    for user in page.rows:
        plan, state = user.license__plan__name, _state(user)
        pattern = with_license if plan and not user.deactivated_at else without
        line = pattern.format(
            id=user.id, query=query, name=escape(_name(user)), email=escape(user.email),
            initials=escape((user.first_name[:1] + user.last_name[:1]).upper()),
            role=kinds.get(user.kind) or roles[user.role], plan=escape(plan or "—"),
            look=LOOKS[state], state=states[state], seen=said(user.last_seen_at),
        )  # fmt: skip
        lines.append(line)
    return mark_safe("".join(lines))  # noqa: S308  whatever people wrote is escaped above


@lru_cache(maxsize=16)
def _pattern(language: str, may_assign: bool, may_send: bool, may_see_journal: bool, may_change: bool) -> str:
    """A line of the table with places for what differs, without the space between its tags."""
    with translation.override(language):
        may = {
            "may_assign": may_assign, "may_send": may_send, "may_see_journal": may_see_journal, "may_change": may_change,
        }  # fmt: skip
        line = render_to_string("users/row.html", {**may, "users_url": reverse("users")})
    return re.sub(r">\s+<", "><", line.strip())


def _state(user: Any) -> str:
    if user.deactivated_at:
        return "deactivated"
    if user.at_work:
        return "active"
    return "to_activate" if user.license__plan__name else "none"


def _name(user: Any) -> str:
    return f"{user.first_name} {user.last_name}".strip()


class LastSeen:
    """When somebody was here last, in the reader's words and zone."""

    def __init__(self) -> None:
        self.language = get_language() or "en"
        self.zone = timezone.get_current_timezone()
        self.today = timezone.localdate()
        self.words = {
            self.today: gettext("today, %(time)s"),
            self.today - timedelta(days=1): gettext("yesterday, %(time)s"),
        }
        self.never = escape(gettext("never"))

    def __call__(self, moment: datetime | None) -> str:
        if moment is None:
            return self.never
        local = moment.astimezone(self.zone)
        words = self.words.get(local.date())
        return (
            escape(words % {"time": local.strftime("%H:%M")})
            if words
            else escape(day_in_short(local.date(), self.language))
        )


@lru_cache(maxsize=1024)
def day_in_short(day: date, language: str) -> str:
    return format_date(day, "medium", locale=language)


# What stands above it


def _counts(account: Account) -> tuple[int, int]:
    """How many there are, and how many of the active have no license.

    Counting thousands of rows costs more than the rest of the page, so that a large account's are counted anew every
    half minute; nobody misses the one that is added meanwhile.
    """
    name = f"users-of:{account.pk}"
    numbers: tuple[int, int] | None = cache.get(name)
    if numbers is None:
        numbers = _counted(account)
        if numbers[0] >= COUNTED_EACH_TIME:
            cache.set(name, numbers, COUNT_LASTS)
    return numbers


def _counted(account: Account) -> tuple[int, int]:
    """Both from narrow indexes."""
    numbers = account.users.aggregate(total=Count("*"), gone=Count("deactivated_at"))
    held = account.licenses.assigned().count()
    if numbers["gone"]:
        held -= account.licenses.filter(holder__deactivated_at__isnull=False).count()
    return numbers["total"], numbers["total"] - numbers["gone"] - held


@lru_cache(maxsize=256)
def _lead(language: str, total: int, without: int, available: tuple[tuple[int, str], ...]) -> str:
    people = ngettext("%(number)s person or mailbox.", "%(number)s people and mailboxes.", total)
    need = gettext("Everybody has a license.")
    if without:
        need = ngettext("%(number)s has no license.", "%(number)s have no license.", without)
    pool = [f"{number} {plan}" for number, plan in available]
    left = gettext("Available: %(licenses)s.") if pool else gettext("No license is available.")
    return " ".join(
        (
            people % {"number": format_decimal(total, locale=language)},
            need % {"number": format_decimal(without, locale=language)},
            left % {"licenses": format_list(pool, locale=language)} if pool else left,
        )
    )


@lru_cache(maxsize=256)
def _filters(
    language: str, plans: tuple[tuple[str, str], ...], asked: tuple[tuple[str, str], ...], sort: str
) -> SafeString:
    """The search and the three selects beside it; most often nothing is asked, so most often it is there already."""
    roles = [choice for choice in Role.choices if choice[0] != Role.PROVIDER]
    selects: tuple[tuple[str, Any, Any, Any], ...] = (
        ("plan", gettext("License"), gettext("All licenses"), [(WITHOUT, gettext("No license")), *plans]),
        ("role", gettext("Role"), gettext("All roles"), roles),
        ("state", gettext("State"), gettext("All states"), list(STATES.items())),
    )
    chosen = dict(asked)
    filters = [
        {"name": name, "label": label, "all": everything, "choices": choices, "chosen": chosen.get(name, "")}
        for name, label, everything, choices in selects
    ]
    sorts = {"choices": SORT_LABELS.items(), "chosen": sort}
    context = {"filters": filters, "asked": chosen, "sorts": sorts, "users_url": reverse("users")}
    return render_to_string("users/filters.html", context)


def _chips(asked: dict[str, str], plans: Iterable[new_user.Offer]) -> list[dict[str, str]]:
    """What the list is limited to, each with the address of the list without it."""
    plan_names = {WITHOUT: gettext("No license"), **{plan.code: plan.name for plan in plans}}
    labels: dict[str, str] = {
        "q": gettext("Search: %(words)s") % {"words": asked.get("q", "")},
        "plan": gettext("License: %(plan)s") % {"plan": plan_names.get(asked.get("plan", ""), "—")},
        "role": gettext("Role: %(role)s") % {"role": dict(Role.choices).get(asked.get("role", ""), "—")},
        "domain": gettext("Domain: %(domain)s") % {"domain": asked.get("domain", "")},
        "state": gettext("State: %(state)s") % {"state": STATES.get(asked.get("state", ""), "—")},
    }
    return [
        {
            "label": labels[name],
            "url": "?" + urlencode({key: value for key, value in asked.items() if key != name}),
        }
        for name in asked
    ]


# The form


@require_POST
@allowed(Permission.USER_ADD)
@shown_on(users_page)
def add_user(request: Request) -> HttpResponse:
    form = new_user.NewUser(request.account, new_user.offers(request.account), request.POST)
    if not form.is_valid():
        response = users_page(request)
        response.status_code = 422
        return response
    details = dict(form.cleaned_data)
    email, plan = details.pop("email"), details.pop("plan")
    user = licensing.add_user(request.account, email, by=request.actor, plan=plan, **details)
    words = {"user": user.full_name, "plan": plan.name if plan else ""}
    said = (
        gettext("%(user)s was added and has a %(plan)s license. We have sent an e-mail.")
        if plan
        else gettext("%(user)s was added. We have sent an e-mail.")
    )
    messages.success(request, said % words)
    return redirect("users")
