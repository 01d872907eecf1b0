"""Planned changes: what is to happen to licenses on which day, taken back by one click."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.permissions import Permission
from valija.core import facts
from valija.core.pages import page_of
from valija.licensing import operations as licensing
from valija.licensing.models import PlannedChange
from valija.web.access import Request, allowed
from valija.web.automatic import tabs
from valija.web.errors import found, shown_on

PAGE = 50
ROWS = ("account", "user", "to", "plan", "planner")


def later(request: Request) -> date | None:
    """The day that was chosen in a window, or nothing where it is to happen now. What is no day is none that can be."""
    if request.POST.get("start") != "day":
        return None
    try:
        return date.fromisoformat(request.POST.get("on", "").strip())
    except ValueError:
        return date.min


def say_planned(request: Request, change: PlannedChange) -> None:
    said = gettext("Planned for %(day)s: %(what)s. Until then it can be taken back in “Planned changes”.")
    messages.success(request, said % {"day": facts.day(change.on), "what": licensing.what(change)})


@require_GET
@allowed(Permission.LICENSE_ASSIGN)
def planned_changes(request: Request) -> HttpResponse:
    return planned_page(request)


def planned_page(request: Request, change_id: UUID | None = None) -> HttpResponse:
    rows = PlannedChange.objects.seen().filter(account=request.account).select_related(*ROWS)
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = page_of(rows, by=("on", "id"), size=PAGE, **cursors)
    context = {
        "tabs": tabs(request, "planned_changes"),
        "page": page,
        "rows": [
            {"row": row, "what": licensing.what(row), "who": row.planned_by.partition(" <")[0]}
            for row in page.rows
        ],
        "zone": request.account.time_zone,
    }
    return render(request, "planned/page.html", context)


@require_POST
@allowed(Permission.LICENSE_ASSIGN)
@shown_on(planned_page)
def take_back_change(request: Request, change_id: UUID) -> HttpResponse:
    rows = PlannedChange.objects.filter(account=request.account).select_related(*ROWS)
    change = found(rows.filter(pk=change_id).first())
    failed = change.state == "failed"
    licensing.take_back_change(change, by=request.actor)
    said = gettext("Removed from the list.") if failed else gettext("Taken back: it does not happen.")
    messages.success(request, said)
    return redirect("planned_changes")
