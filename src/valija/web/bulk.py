"""The same for many people: chosen in the list, planned, applied with progress, undone."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from valija.accounts.permissions import Permission
from valija.billing import operations as billing
from valija.billing.missing import missing_licenses
from valija.core.pages import page_of
from valija.licensing import operations as licensing
from valija.licensing.models import BulkAct, Plan, RowState
from valija.licensing.reasons import REASONS
from valija.licensing.searching import ASKED, people
from valija.web.access import Request, allowed
from valija.web.context import address_of
from valija.web.errors import found, shown_on

PAGE = 25
RECENT = 25
Act = BulkAct.Act
LOOKS = {
    RowState.READY: "wait", RowState.REFUSED: "off", RowState.DONE: "ok", RowState.FAILED: "stop", RowState.UNDONE: "half",
    RowState.KEPT: "off",
}  # fmt: skip


def asked_of(query: QueryDict) -> dict[str, str]:
    """The search and the filters in an address. PostgreSQL knows no text with a NUL in it."""
    asked = {name: query.get(name, "").replace("\0", "").strip() for name in ASKED}
    return {name: value for name, value in asked.items() if value}


@require_GET
@allowed(Permission.USER_SEE)
def bulk_acts(request: Request) -> HttpResponse:
    """What was planned and done lately."""
    rows = BulkAct.objects.filter(account=request.account).select_related("maker", "plan")
    page = page_of(
        rows, by=("-id", "-id"), size=RECENT, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )  # fmt: skip
    return render(request, "bulk/list.html", {"page": page, "acts": page.rows})


@require_POST
@allowed(Permission.USER_SEE)
def plan_bulk_act(request: Request) -> HttpResponse:
    """From the list: who was ticked, or all that match; for licenses the plan is asked first."""
    act, everybody = request.POST.get("do", ""), bool(request.POST.get("all"))
    if act not in licensing.NEEDS or act == Act.MOVE_DOMAIN:
        return redirect("users")
    asked = asked_of(request.GET) if everybody else {}
    ticked = [key for text in request.POST.getlist("user") if (key := _uuid(text))]
    chosen = people(request.account, asked) if everybody else request.account.users.filter(pk__in=ticked)
    if not everybody and not ticked:
        messages.error(request, gettext("Choose at least one person."))
        return redirect(reverse("users") + (f"?{request.GET.urlencode()}" if request.GET else ""))
    plan = None
    if act == Act.ASSIGN:
        plan = Plan.objects.filter(code=request.POST.get("plan", "")).first()
        if plan is None:
            return _which_plan(request, ticked, everybody)
    bulk = licensing.plan_bulk_act(request.account, act, chosen, plan=plan, search=asked, by=request.actor)
    return redirect("bulk_act", bulk.pk)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _which_plan(request: Request, ticked: list[UUID], everybody: bool) -> HttpResponse:
    request.actor.require(Permission.LICENSE_ASSIGN)
    context = {
        "plans": Plan.objects.with_available(request.account).exclude(kind=Plan.Kind.API).filter(withdrawn_at=None),
        "ticked": ticked,
        "everybody": everybody,
        "back": reverse("users") + (f"?{request.GET.urlencode()}" if request.GET else ""),
        "here": request.get_full_path(),
    }  # fmt: skip
    return render(request, "bulk/plan.html", context)


def _act(request: Request, act_id: UUID) -> BulkAct:
    acts = BulkAct.objects.filter(account=request.account).select_related("account", "plan", "maker")
    return found(acts.filter(pk=act_id).first())


@require_GET
@allowed(Permission.USER_SEE)
def bulk_act(request: Request, act_id: UUID) -> HttpResponse:
    return act_page(request, act_id)


def act_page(request: Request, act_id: UUID) -> HttpResponse:
    bulk = _act(request, act_id)
    shown = request.GET.get("rows", "")
    rows = bulk.rows.select_related("user")
    if shown in RowState.values:
        rows = rows.filter(state=shown)
    page = page_of(
        rows, by=("id", "id"), size=PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )  # fmt: skip
    told = [
        {
            "user": row.user, "state": RowState(row.state).label, "look": LOOKS[RowState(row.state)],
            "reason": REASONS.get(row.reason, ""), "address": row.address,
        }
        for row in page.rows
    ]  # fmt: skip
    context = {
        "bulk": bulk,
        "title": Act(bulk.act).label,
        "missing": missing_licenses(bulk.account, _needed(bulk))
        if bulk.state == "planned" and bulk.plan
        else None,
        "may_buy": request.actor.may(Permission.CART_CHANGE),
        "rows": told,
        "page": page,
        "shown": shown,
        "working": bulk.due_at is not None,
        "worked": bulk.undone + bulk.kept if bulk.undone_at else bulk.done + bulk.failed,
        "of": bulk.done if bulk.undone_at else bulk.ready,
        "undo_until": licensing.undo_until(bulk) if not bulk.undone_at else None,
        "licenses_url": address_of("licenses"),
    }
    return render(request, "bulk/act.html", context)


def _needed(bulk: BulkAct) -> dict[Plan, int]:
    return {bulk.plan: bulk.ready} if bulk.plan else {}


@require_POST
@allowed(Permission.USER_SEE)
@shown_on(act_page)
def apply_bulk_act(request: Request, act_id: UUID) -> HttpResponse:
    licensing.apply_bulk_act(_act(request, act_id), by=request.actor)
    return redirect("bulk_act", act_id)


@require_POST
@allowed(Permission.USER_SEE)
@shown_on(act_page)
def undo_bulk_act(request: Request, act_id: UUID) -> HttpResponse:
    licensing.undo_bulk_act(_act(request, act_id), by=request.actor)
    return redirect("bulk_act", act_id)


@require_POST
@allowed(Permission.USER_SEE)
@shown_on(act_page)
def discard_bulk_act(request: Request, act_id: UUID) -> HttpResponse:
    licensing.discard_bulk_act(_act(request, act_id), by=request.actor)
    messages.success(request, gettext("The plan was discarded; nothing was changed."))
    return redirect("users")


@require_POST
@allowed(Permission.CART_CHANGE)
@shown_on(act_page)
def buy_for_bulk_act(request: Request, act_id: UUID) -> HttpResponse:
    """The licenses that are missing, into the cart."""
    added = billing.add_missing_to_cart(request.account, _needed(_act(request, act_id)), by=request.actor)
    say_added(request, added)
    return redirect("licenses")


def say_added(request: Request, added: int) -> None:
    words = ngettext(
        "%(number)s license was put into the cart.", "%(number)s licenses were put into the cart.", added
    )
    then = gettext(
        "Once they are paid, come back to your plan under “Acts on many people” in user management."
    )
    messages.success(request, f"{words % {'number': added}} {then}")


@require_http_methods(["GET", "POST"])
@allowed(Permission.USER_CHANGE)
def domain_move(request: Request) -> HttpResponse:
    return _planned_move(request) if request.method == "POST" else move_page(request)


def move_page(request: Request) -> HttpResponse:
    domains = list(request.account.domains.approved().order_by("name"))
    context: dict[str, Any] = {
        "domains": [(domain.name, domain.in_words) for domain in domains],
        "old": request.POST.get("old", request.GET.get("old", "")),
        "new": request.POST.get("new", ""),
        "domains_url": address_of("domains"),
        "back": reverse("users"),
    }
    return render(request, "bulk/move.html", context)


@shown_on(move_page)
def _planned_move(request: Request) -> HttpResponse:
    old, new = request.POST.get("old", ""), request.POST.get("new", "")
    bulk = licensing.plan_domain_move(request.account, old, new, by=request.actor)
    return redirect("bulk_act", bulk.pk)
