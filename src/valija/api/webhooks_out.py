"""Webhooks, as programs set them up."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import Field

from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.documents import refuses
from valija.api.idempotency import done_once
from valija.api.pages import Items, listed
from valija.api.values import Cursor, In, Limit, Line, Out
from valija.webhooks import operations as webhooks
from valija.webhooks.models import Delivery, Endpoint

router = Router(tags=["webhooks"])
Url = Annotated[Line, Field(max_length=500, examples=["https://hooks.aurora.example/valija"])]


class WebhookIn(In):
    """Where events are sent, and which; without events, all."""

    url: Url
    events: list[Line] = Field(default=[], max_length=500)


class WebhookOut(Out):
    id: UUID
    url: str
    events: list[str]
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_because: str

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookOut":
        return cls(
            id=endpoint.pk, url=endpoint.url, events=endpoint.events, created_at=endpoint.created_at,
            failing_since=endpoint.failing_since, disabled_at=endpoint.disabled_at,
            disabled_because=endpoint.disabled_because,
        )  # fmt: skip


class NewWebhook(WebhookOut):
    """With the secret, which is told this once."""

    secret: str


class SecretOut(Out):
    """The new secret, which is told this once; the old one signs beside it until then."""

    secret: str
    old_until: datetime | None


class AttemptOut(Out):
    at: datetime
    status: int
    said: str
    milliseconds: int


class DeliveryOut(Out):
    """One event for one webhook; `message` is the id that the receiver sees, `entry` the journal's."""

    id: UUID
    message: str
    entry: UUID
    event: str
    created_at: datetime
    delivered_at: datetime | None
    attempts: int
    log: list[AttemptOut]

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryOut":
        return cls(
            id=delivery.pk, message=delivery.message_id, entry=delivery.entry_id, event=delivery.event,
            created_at=delivery.created_at, delivered_at=delivery.delivered_at, attempts=delivery.attempts,
            log=[AttemptOut(**attempt) for attempt in delivery.log],
        )  # fmt: skip


def _endpoint(request: ProgramRequest, webhook_id: UUID) -> Endpoint:
    found: Endpoint = get_object_or_404(
        request.auth.account.webhooks.select_related("account"), pk=webhook_id
    )
    return found


USABLE = (webhooks.WebhookAddressNotValid, webhooks.EventsNotValid)


@router.get("/webhooks", response=Items[WebhookOut], operation_id="list_webhooks", summary="Webhooks")
@needs(Permission.WEBHOOK_CHANGE)
def list_webhooks(request: ProgramRequest, cursor: Cursor = "", limit: Limit = 50) -> Items[WebhookOut]:
    """Where the account's events are sent."""
    rows, next = listed(request.auth.account.webhooks.all(), by=("id", "id"), limit=limit, cursor=cursor)
    return Items(items=[WebhookOut.of(endpoint) for endpoint in rows], next=next)


@router.post("/webhooks", response={201: NewWebhook}, operation_id="add_webhook", summary="Add a webhook")
@refuses(*USABLE, webhooks.TooManyWebhooks)
@needs(Permission.WEBHOOK_CHANGE)
def add_webhook(request: ProgramRequest, webhook: WebhookIn) -> Status[NewWebhook]:
    """Send events to an address from now on. Its secret is in this answer and nowhere else."""
    endpoint, secret = webhooks.add_webhook(
        request.auth.account, webhook.url, webhook.events, by=request.actor
    )
    return Status(201, NewWebhook(**WebhookOut.of(endpoint).model_dump(), secret=secret))


@router.get("/webhooks/{webhook_id}", response=WebhookOut, operation_id="show_webhook", summary="A webhook")
@needs(Permission.WEBHOOK_CHANGE)
def show_webhook(request: ProgramRequest, webhook_id: UUID) -> WebhookOut:
    """Where it sends, what, and whether it is received."""
    return WebhookOut.of(_endpoint(request, webhook_id))


@router.put(
    "/webhooks/{webhook_id}", response=WebhookOut, operation_id="change_webhook", summary="Change a webhook"
)
@refuses(*USABLE)
@needs(Permission.WEBHOOK_CHANGE)
def change_webhook(request: ProgramRequest, webhook_id: UUID, webhook: WebhookIn) -> WebhookOut:
    """Send elsewhere, or other events; what still waits goes to the new address."""
    endpoint = _endpoint(request, webhook_id)
    return WebhookOut.of(webhooks.change_webhook(endpoint, webhook.url, webhook.events, by=request.actor))


@router.delete(
    "/webhooks/{webhook_id}", response={204: None}, operation_id="remove_webhook", summary="Remove a webhook"
)
@needs(Permission.WEBHOOK_CHANGE)
def remove_webhook(request: ProgramRequest, webhook_id: UUID) -> Status[None]:
    """Send nothing there any more."""
    webhooks.remove_webhook(_endpoint(request, webhook_id), by=request.actor)
    return Status(204, None)


@router.post(
    "/webhooks/{webhook_id}/secret",
    response=SecretOut,
    operation_id="rotate_webhook_secret",
    summary="Replace the secret",
)
@needs(Permission.WEBHOOK_CHANGE)
def rotate_webhook_secret(request: ProgramRequest, webhook_id: UUID) -> SecretOut:
    """A new secret; for a day, every event is signed with both."""
    endpoint = _endpoint(request, webhook_id)
    secret = webhooks.rotate_webhook_secret(endpoint, by=request.actor)
    endpoint.refresh_from_db()
    return SecretOut(secret=secret, old_until=endpoint.old_secret_until)


@router.post(
    "/webhooks/{webhook_id}/test",
    response={202: DeliveryOut},
    operation_id="test_webhook",
    summary="Send a test event",
)
@refuses(webhooks.WebhookIsOff)
@done_once
@needs(Permission.WEBHOOK_CHANGE)
def test_webhook(request: ProgramRequest, webhook_id: UUID) -> Status[DeliveryOut]:
    """Send an event that says nothing but that it is a test."""
    return Status(
        202, DeliveryOut.of(webhooks.test_webhook(_endpoint(request, webhook_id), by=request.actor))
    )


@router.post(
    "/webhooks/{webhook_id}/disable",
    response=WebhookOut,
    operation_id="disable_webhook",
    summary="Switch off",
)
@needs(Permission.WEBHOOK_CHANGE)
def disable_webhook(request: ProgramRequest, webhook_id: UUID) -> WebhookOut:
    """Send nothing for a while; what happens meanwhile is sent when it is switched on again."""
    webhooks.disable_webhook(_endpoint(request, webhook_id), by=request.actor)
    return WebhookOut.of(_endpoint(request, webhook_id))


@router.post(
    "/webhooks/{webhook_id}/enable", response=WebhookOut, operation_id="enable_webhook", summary="Switch on"
)
@needs(Permission.WEBHOOK_CHANGE)
def enable_webhook(request: ProgramRequest, webhook_id: UUID) -> WebhookOut:
    """Go on where it stopped."""
    webhooks.enable_webhook(_endpoint(request, webhook_id), by=request.actor)
    return WebhookOut.of(_endpoint(request, webhook_id))


@router.get(
    "/webhooks/{webhook_id}/deliveries", response=Items[DeliveryOut], operation_id="list_deliveries",
    summary="Deliveries",
)  # fmt: skip
@needs(Permission.WEBHOOK_CHANGE)
def list_deliveries(
    request: ProgramRequest, webhook_id: UUID, cursor: Cursor = "", limit: Limit = 50
) -> Items[DeliveryOut]:
    """What was sent and what waits, the newest first, with the latest attempts of each."""
    deliveries = _endpoint(request, webhook_id).deliveries.all()
    rows, next = listed(deliveries, by=("-place", "-place"), limit=limit, cursor=cursor)
    return Items(items=[DeliveryOut.of(delivery) for delivery in rows], next=next)


@router.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", response={202: DeliveryOut},
    operation_id="replay_delivery", summary="Send again",
)  # fmt: skip
@refuses(webhooks.WebhookIsOff)
@done_once
@needs(Permission.WEBHOOK_CHANGE)
def replay_delivery(request: ProgramRequest, webhook_id: UUID, delivery_id: UUID) -> Status[DeliveryOut]:
    """Send an event again, with the same id, behind what already waits."""
    deliveries = _endpoint(request, webhook_id).deliveries.select_related("endpoint__account")
    delivery: Delivery = get_object_or_404(deliveries, pk=delivery_id)
    return Status(202, DeliveryOut.of(webhooks.replay_delivery(delivery, by=request.actor)))
