"""What payment providers are asked and tell."""

from django.db import models

from valija.billing.models.orders import Order
from valija.core import clock
from valija.core.ids import new_id


class Payment(models.Model):
    """What a payment provider was asked to charge for an order."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="payment")
    provider = models.CharField(max_length=20)
    reference = models.CharField(max_length=80, null=True)
    page_url = models.CharField(max_length=500, blank=True)
    refusals = models.PositiveSmallIntegerField(default=0)  # how many refused attempts the journal has told
    reason = models.CharField(max_length=40, blank=True)  # of the latest refusal
    with_bank_since = models.DateTimeField(null=True)  # the bank has it and has not answered
    looked_at = models.DateTimeField(default=clock.now)  # when the clock last asked

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "reference"], name="reference_once")]


class NoticeReceipt(models.Model):
    """That a provider's notice was processed; the same notice again changes nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=20)
    notice = models.CharField(max_length=80)
    received_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "notice"], name="notice_once")]
