"""Confirming a new address: the page that the letter to the new mailbox leads to."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from valija.domains import operations as domains
from valija.web.access import Request
from valija.web.errors import shown_on


def _page(request: Request, **context: object) -> HttpResponse:
    return render(request, "address/confirm.html", context)


@require_GET
@never_cache
@shown_on(_page)
def address_change(request: Request) -> HttpResponse:
    """Opening the link confirms nothing: mail scanners open links too."""
    token = request.GET.get("token", "")
    return _page(request, change=domains.find_address_change(token), token=token)


@require_POST
@never_cache
@shown_on(_page)
def confirm_address_change(request: Request) -> HttpResponse:
    change = domains.confirm_address_change(request.POST.get("token", ""), by=request.actor)
    return _page(request, change=change)
