"""Requests for licenses: the administrators' list, and the user's own on his account page."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.permissions import Permission
from valija.billing import operations as billing
from valija.licensing import operations as licensing
from valija.licensing import rules
from valija.licensing.models import License, LicenseRequest, Plan
from valija.web import account
from valija.web.access import Request, allowed
from valija.web.automatic import tabs
from valija.web.errors import found, shown_on

PAGE = 100
CLOSED = 20


@require_GET
@allowed(Permission.LICENSE_ASSIGN)
def license_requests(request: Request) -> HttpResponse:
    return requests_page(request)


def requests_page(request: Request, request_id: UUID | None = None) -> HttpResponse:
    rows = LicenseRequest.objects.filter(account=request.account).select_related("user", "plan")
    left = rules.left_in_pool(request.account)
    opened = list(rows.open().order_by("id")[:PAGE])
    context = {
        "tabs": tabs(request, "license_requests"),
        "asked": [{"row": row, "left": left.get(row.plan_id, 0)} for row in opened if not row.granted_at],
        "waiting": sorted(
            (row for row in opened if row.granted_at), key=lambda row: (row.granted_at, row.pk)
        ),
        "closed": rows.exclude(pk__in=[row.pk for row in opened]).order_by("-id")[:CLOSED],
        "refused_id": request_id,
        "typed": request.POST.get("reason", ""),
        "may_buy": request.actor.may(Permission.CART_CHANGE),
    }
    return render(request, "requests/page.html", context)


def _own(request: Request, request_id: UUID) -> LicenseRequest:
    rows = LicenseRequest.objects.filter(account=request.account).select_related("account", "user", "plan")
    return found(rows.filter(pk=request_id).first())


@require_POST
@allowed(Permission.LICENSE_ASSIGN)
@shown_on(requests_page)
def grant_request(request: Request, request_id: UUID) -> HttpResponse:
    asked = _own(request, request_id)
    words = {"user": asked.user.full_name, "plan": asked.plan.name}
    given = billing.grant_request(asked, by=request.actor)
    if isinstance(given, License):
        said = gettext("%(user)s has a %(plan)s license. We have sent an e-mail.")
        messages.success(request, said % words)
        return redirect("license_requests")
    said = gettext(
        "The request is granted, but no %(plan)s license is available: one is in the cart. When the purchase is paid, %(user)s gets it by itself."
    )
    messages.info(request, said % words)
    return redirect(f"{reverse('licenses')}?for={asked.plan.kind}&interval={given.interval}#cart")


@require_POST
@allowed(Permission.LICENSE_ASSIGN)
@shown_on(requests_page)
def refuse_request(request: Request, request_id: UUID) -> HttpResponse:
    asked = _own(request, request_id)
    licensing.refuse_request(asked, request.POST.get("reason", ""), by=request.actor)
    said = gettext("The request of %(user)s is refused. We have sent an e-mail with the reason.")
    messages.success(request, said % {"user": asked.user.full_name})
    return redirect("license_requests")


# On one's own page


def _plan(request: Request) -> Plan:
    return found(Plan.objects.filter(code=request.POST.get("plan", "").replace("\0", "")).first())


@require_POST
@allowed(Permission.ACCOUNT_PAGE)
@shown_on(account.own_page)
def request_license(request: Request) -> HttpResponse:
    if not request.POST.get("plan"):
        messages.error(request, gettext("Choose a plan first."))
        return redirect(reverse("account_page") + "#license")
    asked = licensing.request_license(
        request.user, _plan(request), request.POST.get("reason", ""), by=request.actor
    )
    said = gettext("Your administrators have your request for a %(plan)s license.")
    messages.success(request, said % {"plan": asked.plan.name})
    return redirect(reverse("account_page") + "#license")


@require_POST
@allowed(Permission.ACCOUNT_PAGE)
@shown_on(account.own_page)
def withdraw_request(request: Request) -> HttpResponse:
    asked = LicenseRequest.objects.filter(user=request.user).select_related("account", "user", "plan")
    licensing.withdraw_request(found(asked.order_by("-id").first()), by=request.actor)
    messages.success(request, gettext("Your request is withdrawn."))
    return redirect(reverse("account_page") + "#license")


@require_POST
@allowed(Permission.ACCOUNT_PAGE)
@shown_on(account.own_page)
def claim_license(request: Request) -> HttpResponse:
    license = licensing.claim_license(request.user, _plan(request), by=request.actor)
    said = gettext("You have a %(plan)s license. We have sent an e-mail with which you activate it.")
    messages.success(request, said % {"plan": license.plan.name})
    return redirect(reverse("account_page") + "#license")
