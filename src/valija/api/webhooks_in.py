"""Notices of payment providers."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from valija.billing import operations as billing
from valija.billing.providers import NoticeNotGenuine
from valija.core.actor import Actor


@csrf_exempt
@require_POST
def payment_notice(request: HttpRequest, provider: str) -> HttpResponse:
    """Take a provider's notice. Its signature is its only proof; repeated, it is taken and changes nothing."""
    if provider != settings.PAYMENT_PROVIDER:
        raise Http404
    by = Actor(
        kind="payment_provider",
        label=provider,
        everywhere=True,
        address=request.META.get("REMOTE_ADDR", ""),
        through="api",
    )
    try:
        billing.receive_notice(provider, request.headers, request.body, by=by)
    except NoticeNotGenuine as refusal:
        return HttpResponse(refusal.code, status=400, content_type="text/plain")
    return HttpResponse(status=204)
