"""Where a business wants to be told what happens, and what it has been told."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.core import clock
from valija.core.ids import new_id
from valija.journal.models import Entry


class Endpoints(models.QuerySet["Endpoint"]):
    def enabled(self) -> "Endpoints":
        return self.filter(disabled_at=None)

    def due(self, at: datetime) -> "Endpoints":
        """Those that have something to be told and are not resting after a failure, nor held by a living worker."""
        waiting = Delivery.objects.filter(endpoint=OuterRef("pk"), delivered_at=None)
        fresh = Entry.objects.filter(account_id=OuterRef("account_id"), id__gt=OuterRef("seen"))
        return (
            self.enabled()
            .filter(due_at__lte=at)
            .filter(Exists(waiting) | Exists(fresh))
            .order_by("due_at", "id")
        )


class Endpoint(models.Model):
    """An address of the business's own that receives events, each signed with its secret."""

    class Because(models.TextChoices):
        FAILING = "failing", _("it could not be reached for five days")
        GONE = "gone", _("it answered that it is gone for good")
        PERSON = "person", _("somebody switched it off")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="webhooks")
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list)  # codes; none: everything
    secret = models.BinaryField()  # locked away
    old_secret = models.BinaryField(null=True)  # signs beside the new one until then
    old_secret_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    seen = models.UUIDField(default=new_id)  # the newest entry that was looked at
    due_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0)  # that failed, one after the other
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=10, choices=Because, blank=True)

    objects = Endpoints.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "id"], name="webhooks_of_account"),
            models.Index(fields=["due_at", "id"], name="webhooks_due", condition=Q(disabled_at=None)),
        ]

    @property
    def name(self) -> str:
        """Its address without what may be secret in it."""
        parts = urlsplit(self.url)
        return f"{parts.netloc}{parts.path}".rstrip("/")

    def wants(self, entry: Entry) -> bool:
        """Whether an entry is to be sent there; a test goes to the one endpoint that is tested."""
        if entry.event == "webhook.tested":
            return entry.object_id == str(self.pk)
        return not self.events or entry.event in self.events


class Deliveries(models.QuerySet["Delivery"]):
    def waiting(self) -> "Deliveries":
        """What was not received yet, in the order in which it is sent."""
        return self.filter(delivered_at=None).order_by("place")


class Delivery(models.Model):
    """One event for one endpoint, and what came of sending it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    entry_id = models.UUIDField()
    event = models.CharField(max_length=60)
    place = models.UUIDField()  # in the line: the entry's key, or a new one when it is sent again
    created_at = models.DateTimeField(default=clock.now)
    delivered_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    log = models.JSONField(default=list)  # the latest attempts: {at, status, said, milliseconds}

    objects = Deliveries.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "entry_id"], name="an_event_is_sent_once_to_each")
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "place"], name="deliveries_waiting", condition=Q(delivered_at=None)
            ),
            models.Index(fields=["endpoint", "-place"], name="deliveries_of_endpoint"),
            models.Index(fields=["delivered_at"], name="deliveries_by_age"),
        ]

    @property
    def message_id(self) -> str:
        """The same at each attempt and each replay, so that a receiver knows what it has."""
        return f"msg_{self.entry_id.hex}"

    @property
    def last(self) -> dict[str, Any]:
        """The latest attempt."""
        return self.log[-1] if self.log else {}

    @property
    def account_id(self) -> UUID:
        return self.endpoint.account_id
