"""Lists of licenses: who holds those of a plan, and every license there is and was."""

from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from valija.accounts.permissions import Permission
from valija.core import facts
from valija.core.pages import page_of
from valija.licensing.models import Interval, Licenses, Plan
from valija.web.access import Request, allowed
from valija.web.context import address_of
from valija.web.errors import found

SIZE = 25
STATES = {"available": _("Available"), "assigned": _("Assigned"), "ended": _("Ended")}
LOOKS = {"available": "wait", "assigned": "ok", "ended": "off"}


@require_GET
@allowed(Permission.LICENSE_SEE)
def license_holders(request: Request, code: str, interval: str) -> HttpResponse:
    """The number assigned is a link: its holders, to tick some and give them a higher plan."""
    account = request.account
    plan = found(Plan.objects.filter(code=code, licenses__account=account).distinct().first())
    subscription = found(account.subscriptions.filter(interval=interval, ended_at=None).first())
    holders: Any = account.users.filter(license__plan=plan, license__subscription=subscription)
    words = _words(request)
    people = holders.matching(words).select_related("license").annotate(
        at_work=Count("license__activations", filter=Q(license__activations__ended_at=None))
    )  # fmt: skip
    page = page_of(people, by=("sort_name", "id"), size=SIZE, **_cursors(request))
    context = {
        "plan": plan,
        "interval": interval,
        "label": Interval(interval).label,
        "renews": facts.day(subscription.renews_on),
        "q": words,
        "page": page,
        "first": page.first.full_name if page.first else "",
        "last": page.last.full_name if page.last else "",
        "count": holders.count() if not words else None,
        "most": plan.allows.devices,
        "upgrade_url": address_of("quote_upgrade") if request.actor.may(Permission.ORDER_PLACE) else "",
        "downgrade_url": reverse("downgrade") if request.actor.may(Permission.LICENSE_DOWNGRADE) else "",
        "may_assign": request.actor.may(Permission.LICENSE_ASSIGN),
        "here": request.path,
    }
    return render(request, "licensing/holders.html", context)


@require_GET
@allowed(Permission.LICENSE_SEE)
def license_list(request: Request) -> HttpResponse:
    """Every license of the account, the newest first, those that have ended too."""
    asked = {
        name: request.GET.get(name, "").replace("\0", "").strip()[:80] for name in ("q", "plan", "state")
    }
    licenses = _asked(request.account.licenses.all(), asked)
    page = page_of(
        licenses.select_related("plan", "subscription", "holder"),
        by=("-id", "-id"),
        size=SIZE,
        **_cursors(request),
    )
    context = {
        "page": page,
        "rows": [
            {"license": license, "state": STATES[license.standing], "look": LOOKS[license.standing]}
            for license in page.rows
        ],
        "asked": asked,
        "narrowed": any(asked.values()),
        "plans": Plan.objects.filter(licenses__account=request.account).distinct().order_by("rank"),
        "states": STATES.items(),
        "here": reverse("license_list"),
    }
    return render(request, "licensing/list.html", context)


def _asked(licenses: Licenses, asked: dict[str, str]) -> Licenses:
    if plan := asked["plan"]:
        licenses = licenses.filter(plan__code=plan)
    match asked["state"]:
        case "available":
            licenses = licenses.filter(holder=None, ended_at=None)
        case "assigned":
            licenses = licenses.assigned()
        case "ended":
            licenses = licenses.exclude(ended_at=None)
    if words := asked["q"]:
        licenses = licenses.filter(_named(words))
    return licenses


def _named(words: str) -> Q:
    """A serial number, or a part of it; or its holder's name or address."""
    holder = Q()
    for word in words.casefold().split():
        holder &= Q(holder__sort_name__contains=word) | Q(holder__email__contains=word)
    try:
        return holder | Q(pk=UUID(words))
    except ValueError:
        return holder


def _words(request: Request) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:80]


def _cursors(request: Request) -> dict[str, Any]:
    return {"after": request.GET.get("after", ""), "before": request.GET.get("before", "")}
