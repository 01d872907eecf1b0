"""What was answered to requests that carry a key, so that a repetition gets the same answer and does nothing."""

from datetime import timedelta

from django.db import models

from valija.accounts.models import Account
from valija.core import clock
from valija.core.ids import new_id

KEPT = timedelta(hours=24)


class KeyedRequests(models.QuerySet["KeyedRequest"]):
    def over(self) -> "KeyedRequests":
        """Older than a repetition is expected."""
        return self.filter(created_at__lt=clock.now() - KEPT)


class KeyedRequest(models.Model):
    """A request with an Idempotency-Key, and its answer once there is one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)  # of who asked what
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    objects = KeyedRequests.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="key_once_per_account")]
        indexes = [models.Index(fields=["created_at"], name="keyed_requests_by_age")]
