"""License management of one user: give, modify, transfer, withdraw, let devices go, send the activation again."""

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
from valija.core.pages import page_of
from valija.licensing import operations as licensing
from valija.licensing.models import License, Plan, PlannedChange
from valija.web.access import Request, allowed
from valija.web.context import address_of
from valija.web.errors import found, shown_on
from valija.web.planned import later, say_planned

RECEIVERS = 10  # of a page in the window


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
        "in_list": _list_query(request).removeprefix("?"),
        "withdraw_query": _list_query(request, tab="withdraw"),
        "may_end": request.actor.may(Permission.LICENSE_REMOVE),
        "end_old": bool(request.POST.get("end_old")),
        "here": reverse("user_license", args=[user.pk]),
        "later_url": reverse("user_license", args=[user.pk]) + _list_query(request, later="1"),
        "planned": [
            {"day": facts.day(change.on), "what": licensing.what(change)}
            for change in PlannedChange.objects.open().about(user).order_by("on", "id")
        ],
        **(_at_work(license) | _price(request, license) if license else {}),
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
    if license is None and request.GET.get("later"):  # until then some may be bought
        return list(fitting.filter(withdrawn_at=None))
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


def _price(request: Request, license: License) -> dict[str, Any]:
    """What the license costs at its renewal, as things stand."""
    prices = license.plan.prices.current().filter(
        interval=license.subscription.interval, currency=request.account.currency
    )
    price = prices.first()
    return {"price": price.money if price else None}


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
    if day := later(request):
        planned = licensing.plan_assignment(request.account, plan, user, day, by=request.actor)
        say_planned(request, planned)
        return _to_list(request)
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
    if request.POST.get("end_old"):
        licensing.modify_license_and_end_the_old(request.account, plan, user, by=request.actor)
        said = gettext(
            "%(user)s now has a %(plan)s license; the one before ends at the renewal. We have sent an e-mail."
        )
    else:
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
    if day := later(request):
        planned = licensing.plan_withdrawal(request.account, user, day, by=request.actor)
        say_planned(request, planned)
        return _to_list(request)
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


@require_POST
@allowed(Permission.LICENSE_ASSIGN)
def end_activation(request: Request, user_id: UUID, activation_id: UUID) -> HttpResponse:
    """Let one device of a user go; the window stays, to let another go or to do something else."""
    user = _user(request, user_id)
    activations = user.activations.select_related("license", "user", "account")
    activation = found(activations.filter(pk=activation_id).first())
    licensing.deactivate_license(activation, by=request.actor)
    said = gettext("The license no longer works on %(device)s.")
    messages.success(request, said % {"device": activation.device})
    return redirect(reverse("user_license", args=[user.pk]) + _list_query(request))


# Transferring


@require_GET
@allowed(Permission.LICENSE_ASSIGN)
def license_receivers(request: Request, user_id: UUID) -> HttpResponse:
    return receivers_page(request, user_id)


def receivers_page(request: Request, user_id: UUID) -> HttpResponse:
    """Who can have a user's license: the active users without one, of the kind that the plan is for."""
    user = _user(request, user_id)
    license = License.objects.filter(holder=user).select_related("plan", "subscription").first()
    words = request.GET.get("q", "").replace("\0", "").strip()[:80]
    people = request.account.users.active().filter(license=None)
    if license is not None:
        people = people.filter(kind=license.plan.kind)
    cursors = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = page_of(people.matching(words), by=("sort_name", "id"), size=RECEIVERS, **cursors)
    in_list = request.GET.get("list", "")
    context = {
        "person": user,
        "license": license,
        "page": page,
        "first": page.first.full_name if page.first else "",
        "last": page.last.full_name if page.last else "",
        "q": words,
        "picked": request.POST.get("to", ""),
        "in_list": in_list,
        "back": reverse("user_license", args=[user.pk]) + (f"?{in_list}" if in_list else ""),
        "here": reverse("license_receivers", args=[user.pk]),
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
        **(_at_work(license) if license else {}),
    }
    return render(request, "licensing/receivers.html", context)


@require_POST
@allowed(Permission.LICENSE_ASSIGN)
@shown_on(receivers_page)
def transfer_license(request: Request, user_id: UUID) -> HttpResponse:
    user = _user(request, user_id)
    if not request.POST.get("to"):
        messages.error(request, gettext("Choose who is to have the license."))
        response = receivers_page(request, user_id)
        response.status_code = 422
        return response
    to = found(_by_key(request, request.POST["to"]))
    if day := later(request):
        planned = licensing.plan_transfer(request.account, user, to, day, by=request.actor)
        say_planned(request, planned)
        return _back_to_list(request)
    license = licensing.transfer_license(request.account, user, to, by=request.actor)
    said = gettext(
        "%(receiver)s now has the %(plan)s license that %(user)s had. We have sent an e-mail to both."
    )
    messages.success(
        request, said % {"receiver": to.full_name, "plan": license.plan.name, "user": user.full_name}
    )
    return _back_to_list(request)


def _back_to_list(request: Request) -> HttpResponse:
    in_list = request.GET.get("list", "")
    return redirect(reverse("users") + (f"?{in_list}" if in_list else ""))


def _by_key(request: Request, key: str) -> User | None:
    try:
        return request.account.users.filter(pk=UUID(key)).first()
    except ValueError:
        return None
