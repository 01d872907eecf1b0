"""Licenses without use: what they will cost at their renewal, and one click to end them then."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.permissions import Permission
from valija.billing.idle import cost_of, idle_of
from valija.licensing import operations as licensing
from valija.web.access import Request, allowed
from valija.web.automatic import tabs
from valija.web.errors import shown_on

SHOWN = 100
MOST = 10_000


@require_GET
@allowed(Permission.LICENSE_SEE)
def idle_licenses(request: Request) -> HttpResponse:
    return idle_page(request)


def idle_page(request: Request) -> HttpResponse:
    parts = idle_of(request.account)
    context = {
        "tabs": tabs(request, "idle_licenses"),
        "parts": parts,
        "cost": cost_of(parts, request.account.currency),
        "number": sum(part.number for part in parts),
        "may_end": request.actor.may(Permission.LICENSE_REMOVE),
        "shown": SHOWN,
    }
    return render(request, "idle/page.html", context)


def _ticked(request: Request) -> list[UUID]:
    """The licenses meant: ticked one by one, or all free ones of a plan and renewal."""
    wanted = request.POST.get("all", "")
    keys = [
        license.pk
        for part in (idle_of(request.account) if wanted else [])
        if wanted == f"{part.plan.code}:{part.subscription.pk}"
        for license in part.free
    ]
    for text in request.POST.getlist("license")[:MOST]:
        try:
            keys.append(UUID(text))
        except ValueError:
            continue
    return keys


@require_POST
@allowed(Permission.LICENSE_REMOVE)
@shown_on(idle_page)
def end_idle_licenses(request: Request) -> HttpResponse:
    number = licensing.end_idle_licenses(request.account, _ticked(request), by=request.actor)
    words = ngettext(
        "%(number)s license ends at its renewal. Until then it can be used, and be kept after all.",
        "%(number)s licenses end at their renewal. Until then they can be used, and be kept after all.",
        number,
    )
    messages.success(request, words % {"number": number})
    return redirect("idle_licenses")


@require_POST
@allowed(Permission.LICENSE_REMOVE)
@shown_on(idle_page)
def keep_idle_licenses(request: Request) -> HttpResponse:
    licensing.keep_idle_licenses(request.account, _ticked(request), by=request.actor)
    messages.success(request, gettext("These licenses renew after all."))
    return redirect("idle_licenses")
