"""What was told of licenses without use."""

from django.db import models

from valija.core import clock
from valija.core.ids import new_id
from valija.licensing.models import Subscription


class IdleNotice(models.Model):
    """That the administrators were told, before a renewal, what licenses without use will cost."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="idle_notices")
    renews_on = models.DateField()
    told_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "renews_on"], name="idle_told_once_a_renewal")
        ]
