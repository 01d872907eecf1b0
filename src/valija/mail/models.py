"""The outbox: letters that are to leave, and the proof that they left."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from valija.core import clock
from valija.core.ids import new_id


class Letters(models.QuerySet["Letter"]):
    def due(self, at: datetime) -> "Letters":
        """Letters that may be taken for delivery: not sent, not resting after a failure, held by no living worker."""
        return self.filter(sent_at=None, given_up_at=None, due_at__lte=at).order_by("due_at", "id")

    def waiting(self) -> "Letters":
        return self.filter(sent_at=None, given_up_at=None)


class Letter(models.Model):
    """One letter to one person."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField(null=True)
    to = models.EmailField(max_length=254)
    name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=10)
    time_zone = models.CharField(max_length=60, default="UTC")
    kind = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    link = models.CharField(max_length=500, blank=True)  # of the button, where it is no secret
    secrets = models.BinaryField(null=True)  # locked away; forgotten once the letter has left
    written_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    objects = Letters.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="letters_due", condition=Q(sent_at=None, given_up_at=None)
            ),
            models.Index(fields=["to", "-id"], name="letters_to"),
        ]
