"""The payment method: the card that renewals are charged to, stored on the payment provider's own page."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.permissions import Permission
from valija.billing import operations as billing
from valija.billing import providers
from valija.core import clock
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on


@require_GET
@allowed(Permission.METHOD_STORE)
def payment_method(request: Request) -> HttpResponse:
    return payment_method_page(request)


def payment_method_page(request: Request, page_id: UUID | None = None) -> HttpResponse:
    method = billing.stored_method(request.account)
    context = {
        "method": method,
        "is_good": method is not None and method.is_good_on(clock.today()),
        "keeps_cards": providers.keeps_cards(settings.PAYMENT_PROVIDER),
        "subscriptions": request.account.subscriptions.filter(canceled_at=None).order_by("renews_on"),
    }
    return render(request, "methods/page.html", context)


@require_POST
@allowed(Permission.METHOD_STORE)
@shown_on(payment_method_page)
def store_method(request: Request) -> HttpResponse:
    """On to the provider's page, where the card is entered."""
    page = billing.store_method(request.account, request.user, by=request.actor)
    return redirect(page.page_url)


@require_GET
@never_cache
@allowed(Permission.METHOD_STORE)
def storing_return(request: Request, page_id: UUID) -> HttpResponse:
    """Where the provider's page leads back to, whatever became of the card."""
    page = found(request.account.storing_pages.filter(pk=page_id).first())
    method = billing.look_after_storing(page, by=request.actor)
    if method is None:
        messages.info(request, gettext("No card was stored. What was stored before is as it was."))
    else:
        said = gettext("The card %(method)s is stored. Renewals are charged to it from now on.")
        messages.success(request, said % {"method": method.label})
    return redirect("payment_method")


@require_POST
@allowed(Permission.METHOD_FORGET)
def forget_method(request: Request) -> HttpResponse:
    billing.forget_method(request.account, by=request.actor)
    messages.success(request, gettext("The card is no longer stored. Nothing is charged by itself any more."))
    return redirect("payment_method")
