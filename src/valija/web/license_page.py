"""One license: why its holder has it, on which devices it is at work, and all that happened to it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from valija.accounts.permissions import Permission
from valija.billing.origin import Origin, origin_of
from valija.core import facts
from valija.core.errors import NotPermitted
from valija.core.pages import page_of
from valija.journal.models import Entry
from valija.licensing.models import License
from valija.web.access import Request, allowed
from valija.web.errors import found
from valija.web.journal_entry import shown

SIZE = 25


@require_GET
@allowed(Permission.ACCOUNT_PAGE)
def show_license(request: Request, license_id: UUID) -> HttpResponse:
    """Who holds a license may read why; whoever sees the account's licenses sees money and history too."""
    licenses = request.account.licenses.select_related("plan", "subscription", "holder", "becomes")
    license = found(licenses.filter(pk=license_id).first())
    everything = request.actor.may(Permission.LICENSE_SEE)
    if not everything and license.holder_id != request.user.pk:
        raise NotPermitted
    entries = Entry.objects.of_account(request.account.pk).about(license.pk)
    if not everything:  # whoever held it before is no business of its holder
        entries = entries.concerning(request.user.pk)
    page = page_of(
        entries,
        by=("-id", "-id"),
        size=SIZE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    origin = origin_of(license)
    context = {
        "license": license,
        "origin": origin,
        "everything": everything,
        "may_see_money": request.actor.may(Permission.BILLING_SEE),
        "may_assign": request.actor.may(Permission.LICENSE_ASSIGN),
        "devices": list(license.activations.living().order_by("id")),
        "page": page,
        "rows": [shown(request, entry, everything) for entry in page.rows],
        "days": _days(license, origin),
        "back": reverse("license_list") if everything else reverse("account_page"),
    }
    return render(request, "licensing/license.html", context)


def _days(license: License, origin: Origin) -> dict[str, Any]:
    return {
        "added": facts.day(license.added_at),
        "given": facts.day(license.assigned_at) if license.assigned_at else "",
        "renews": facts.day(license.renews_on),
        "ended": facts.day(license.ended_at) if license.ended_at else "",
        "paid": facts.day(origin.bought.order.paid_at)
        if origin.bought and origin.bought.order.paid_at
        else "",
        "placed": facts.day(origin.bought.order.placed_at) if origin.bought else "",
    }
