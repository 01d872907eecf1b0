"""Webhooks: where the account's events are sent, what was sent, and sending it again."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from re import sub
from typing import Any
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.permissions import Permission
from valija.core import clock, tokens
from valija.core.pages import page_of
from valija.journal.events import Event
from valija.journal.filters import TOPICS
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on
from valija.webhooks import operations as webhooks
from valija.webhooks.models import Delivery, Endpoint

SIZE = 25
NEW = "new_webhook_secret"  # in the session, locked away, until it was shown
LOOKS = {"received": "ok", "failing": "stop", "waiting": "wait"}


@require_GET
@never_cache
@allowed(Permission.WEBHOOK_CHANGE)
def webhooks_page(request: Request) -> HttpResponse:
    """The account's endpoints, and a form for another one."""
    return _list(request)


def _list(request: Request) -> HttpResponse:
    rows = [{"row": endpoint, **_standing(endpoint)} for endpoint in request.account.webhooks.order_by("id")]
    context = {
        "rows": rows,
        "url": request.POST.get("url", ""),
        "groups": _groups(request.POST.getlist("events")),
    }
    return render(request, "webhooks/list.html", {**context, "field": _field(request)})


@require_POST
@allowed(Permission.WEBHOOK_CHANGE)
@shown_on(_list)
def add_webhook(request: Request) -> HttpResponse:
    endpoint, secret = webhooks.add_webhook(
        request.account, request.POST.get("url", ""), request.POST.getlist("events"), by=request.actor
    )
    _keep(request, endpoint, secret)
    messages.success(request, gettext("The webhook was added. Copy its secret now: it is shown this once."))
    return redirect("webhook", endpoint.pk)


@require_GET
@never_cache
@allowed(Permission.WEBHOOK_CHANGE)
def webhook(request: Request, webhook_id: UUID) -> HttpResponse:
    """One endpoint: its settings, its secret, and the log of its deliveries."""
    return _page(request, webhook_id)


def _page(request: Request, webhook_id: UUID) -> HttpResponse:
    endpoint = _endpoint(request, webhook_id)
    page = page_of(
        endpoint.deliveries.all(), by=("-place", "-place"), size=SIZE,
        after=request.GET.get("after", ""), before=request.GET.get("before", ""),
    )  # fmt: skip
    typed = request.method == "POST" and "url" in request.POST
    context = {
        "endpoint": endpoint,
        **_standing(endpoint),
        "secret": _shown_once(request, endpoint),
        "two_secrets": endpoint.old_secret_until if _overlaps(endpoint) else None,
        "url": request.POST["url"] if typed else endpoint.url,
        "groups": _groups(request.POST.getlist("events") if typed else endpoint.events),
        "field": _field(request),
        "page": page,
        "deliveries": [_line(delivery) for delivery in page.rows],
    }
    return render(request, "webhooks/page.html", context)


def _endpoint(request: Request, webhook_id: UUID) -> Endpoint:
    return found(request.account.webhooks.select_related("account").filter(pk=webhook_id).first())


@require_POST
@allowed(Permission.WEBHOOK_CHANGE)
@shown_on(_page)
def change_webhook(request: Request, webhook_id: UUID) -> HttpResponse:
    endpoint = _endpoint(request, webhook_id)
    webhooks.change_webhook(
        endpoint, request.POST.get("url", ""), request.POST.getlist("events"), by=request.actor
    )
    messages.success(request, gettext("The webhook was changed."))
    return redirect("webhook", endpoint.pk)


@require_POST
@allowed(Permission.WEBHOOK_CHANGE)
def remove_webhook(request: Request, webhook_id: UUID) -> HttpResponse:
    endpoint = _endpoint(request, webhook_id)
    webhooks.remove_webhook(endpoint, by=request.actor)
    messages.success(
        request, gettext("Nothing is sent to %(webhook)s any more.") % {"webhook": endpoint.name}
    )
    return redirect("webhooks")


@require_POST
@allowed(Permission.WEBHOOK_CHANGE)
def rotate_webhook_secret(request: Request, webhook_id: UUID) -> HttpResponse:
    endpoint = _endpoint(request, webhook_id)
    _keep(request, endpoint, webhooks.rotate_webhook_secret(endpoint, by=request.actor))
    messages.success(request, gettext("There is a new secret. The old one signs beside it for a day."))
    return redirect("webhook", endpoint.pk)


@require_POST
@allowed(Permission.WEBHOOK_CHANGE)
@shown_on(_page)
def test_webhook(request: Request, webhook_id: UUID) -> HttpResponse:
    endpoint = _endpoint(request, webhook_id)
    webhooks.test_webhook(endpoint, by=request.actor)
    messages.success(request, gettext("The test event is on its way. Load this page again in a few seconds."))
    return redirect("webhook", endpoint.pk)


@require_POST
@allowed(Permission.WEBHOOK_CHANGE)
def disable_webhook(request: Request, webhook_id: UUID) -> HttpResponse:
    endpoint = _endpoint(request, webhook_id)
    webhooks.disable_webhook(endpoint, by=request.actor)
    messages.success(
        request, gettext("The webhook is switched off. What happens meanwhile is sent afterwards.")
    )
    return redirect("webhook", endpoint.pk)


@require_POST
@allowed(Permission.WEBHOOK_CHANGE)
def enable_webhook(request: Request, webhook_id: UUID) -> HttpResponse:
    endpoint = _endpoint(request, webhook_id)
    webhooks.enable_webhook(endpoint, by=request.actor)
    messages.success(request, gettext("The webhook is switched on and goes on where it stopped."))
    return redirect("webhook", endpoint.pk)


@require_POST
@allowed(Permission.WEBHOOK_CHANGE)
@shown_on(lambda request, webhook_id, delivery_id: _page(request, webhook_id))
def replay_delivery(request: Request, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    endpoint = _endpoint(request, webhook_id)
    delivery = found(endpoint.deliveries.select_related("endpoint__account").filter(pk=delivery_id).first())
    webhooks.replay_delivery(delivery, by=request.actor)
    messages.success(request, gettext("The event is sent again, with the same id."))
    return redirect("webhook", endpoint.pk)


# What is shown


def _standing(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.disabled_at:
        because = Endpoint.Because(endpoint.disabled_because).label
        return {"look": "off", "state": gettext("Switched off: %(reason)s") % {"reason": because}}
    if endpoint.failing_since:
        return {"look": "stop", "state": gettext("Not answering")}
    return {"look": "ok", "state": gettext("Receiving")}


def _line(delivery: Delivery) -> dict[str, Any]:
    state = "received" if delivery.delivered_at else "failing" if delivery.attempts else "waiting"
    words = {
        "received": gettext("Received"),
        "failing": gettext("Not received yet"),
        "waiting": gettext("Waiting"),
    }
    attempts = [
        {**attempt, "at": datetime.fromisoformat(attempt["at"])} for attempt in reversed(delivery.log)
    ]
    return {"row": delivery, "look": LOOKS[state], "state": words[state], "attempts": attempts}


def _groups(chosen: list[str]) -> list[dict[str, Any]]:
    """All events by topic, with the sentence that tells each."""
    return [
        {
            "label": label,
            "open": any(code in chosen for code in codes),
            "events": [
                {
                    "code": code,
                    "words": sub(r"%\(\w+\)s", "…", str(Event.of(code).value.sentence)),
                    "on": code in chosen,
                }
                for code in codes
            ],
        }
        for label, prefixes in TOPICS.values()
        if (codes := [event.code for event in Event if event.code.startswith(prefixes)])
    ]


def _field(request: Request) -> str:
    """The field that a refusal is about."""
    return str(getattr(getattr(request, "refusal", None), "field", ""))


def _overlaps(endpoint: Endpoint) -> bool:
    return endpoint.old_secret_until is not None and endpoint.old_secret_until > clock.now()


def _keep(request: Request, endpoint: Endpoint, secret: str) -> None:
    """The secret waits in the session, encrypted, for the page that comes next: a refresh does not show it again."""
    request.session[NEW] = [str(endpoint.pk), urlsafe_b64encode(tokens.lock_away(secret.encode())).decode()]


def _shown_once(request: Request, endpoint: Endpoint) -> str:
    key, locked = request.session.get(NEW) or ("", "")
    if key != str(endpoint.pk):
        return ""
    del request.session[NEW]
    try:
        return tokens.take_out(urlsafe_b64decode(locked)).decode()
    except InvalidToken:  # the installation's key is another one since
        return ""
