"""License management of one user: give, modify, withdraw, send the activation again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.models import User
from valija.accounts.permissions import Permission
from valija.core import clock, facts
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan
from valija.web.access import Request, allowed
from valija.web.context import address_of
from valija.web.errors import found, shown_on


@require_GET
@allowed(Permission.LICENSE_ASSIGN)
def user_license(request: Request, user_id: UUID) -> HttpResponse:
    return license_page(request, user_id)


def license_page(request: Request, user_id: UUID) -> HttpResponse:
    user = _user(request, user_id)
    license = License.objects.filter(holder=user).select_related("plan", "subscription").first()
    tab = "withdraw" if license and _tab(request) == "withdraw" else "modify"
    context = {
        "person": user,
        "license": license,
        "tab": tab,
        "plans": _plans(request, user, license),
        "picked": request.POST.get("plan", ""),
        "licenses_url": address_of("licenses"),
        "back": reverse("users") + _list_query(request),
        "list_query": _list_query(request),
        "withdraw_query": _list_query(request, tab="withdraw"),
        "here": reverse("user_license", args=[user.pk]),
        **(_at_work(license) if license else {}),
    }
    return render(request, "licensing/user_license.html", context)


def _user(request: Request, user_id: UUID) -> User:
    return found(request.account.users.filter(pk=user_id).first())


def _tab(request: Request) -> str:
    return "withdraw" if request.path.endswith("/withdraw") else request.GET.get("tab", "")


def _plans(request: Request, user: User, license: License | None) -> list[Plan]:
    """Plans that fit, with licenses available; one that was chosen and has gone meanwhile stays, with none."""
    fitting = Plan.objects.with_available(request.account).filter(kind=user.kind)
    if license is not None:
        fitting = fitting.exclude(pk=license.plan_id)
    picked = request.POST.get("plan", "")
    return [plan for plan in fitting if plan.available or plan.code == picked]  # type: ignore[attr-defined]


def _at_work(license: License) -> dict[str, Any]:
    code = license.codes.waiting().filter(expires_at__gt=clock.now()).order_by("-id").first()
    return {
        "devices": list(license.activations.living().order_by("id")),
        "limit": license.devices,
        "since": facts.day(license.assigned_at) if license.assigned_at else "",
        "renews": facts.day(license.renews_on),
        "code_until": facts.day(code.expires_at) if code else "",
    }


def _list_query(request: Request, **also: str) -> str:
    """The search and the page of the list, so that it is found again as it was left."""
    query = request.GET.copy()
    query.pop("tab", None)
    query.update(also)
    return f"?{query.urlencode()}" if query else ""


def _to_list(request: Request) -> HttpResponse:
    return redirect(reverse("users") + _list_query(request))


def _chosen_plan(request: Request) -> Plan:
    return found(Plan.objects.filter(code=request.POST.get("plan", "")).first())


def _nothing_chosen(request: Request, user_id: UUID) -> HttpResponse | None:
    if request.POST.get("plan"):
        return None
    messages.error(request, gettext("Choose a plan first."))
    response = license_page(request, user_id)
    response.status_code = 422
    return response


@require_POST
@allowed(Permission.LICENSE_ASSIGN)
@shown_on(license_page)
def assign_license(request: Request, user_id: UUID) -> HttpResponse:
    if unchosen := _nothing_chosen(request, user_id):
        return unchosen
    user, plan = _user(request, user_id), _chosen_plan(request)
    licensing.assign_license(request.account, plan, user, by=request.actor)
    said = gettext("%(user)s has a %(plan)s license. We have sent an e-mail.")
    messages.success(request, said % {"user": user.full_name, "plan": plan.name})
    return _to_list(request)


@require_POST
@allowed(Permission.LICENSE_ASSIGN)
@shown_on(license_page)
def modify_license(request: Request, user_id: UUID) -> HttpResponse:
    if unchosen := _nothing_chosen(request, user_id):
        return unchosen
    user, plan = _user(request, user_id), _chosen_plan(request)
    licensing.modify_license(request.account, plan, user, by=request.actor)
    said = gettext(
        "%(user)s now has a %(plan)s license; the one before is available again. We have sent an e-mail."
    )
    messages.success(request, said % {"user": user.full_name, "plan": plan.name})
    return _to_list(request)


@require_POST
@allowed(Permission.LICENSE_ASSIGN)
@shown_on(license_page)
def withdraw_license(request: Request, user_id: UUID) -> HttpResponse:
    user = _user(request, user_id)
    license = licensing.withdraw_license(request.account, user, by=request.actor)
    said = gettext(
        "%(user)s no longer has a license; the %(plan)s license is available again. We have sent an e-mail."
    )
    messages.success(request, said % {"user": user.full_name, "plan": license.plan.name})
    return _to_list(request)


@require_POST
@allowed(Permission.LICENSE_ASSIGN)
@shown_on(license_page)
def send_activation(request: Request, user_id: UUID) -> HttpResponse:
    user = _user(request, user_id)
    licensing.send_activation(request.account, user, by=request.actor)
    said = gettext(
        "The activation was sent to %(user)s again, with a new code. The code before no longer works."
    )
    messages.success(request, said % {"user": user.full_name})
    return _to_list(request)
