"""What the test provider knows: payments, what it charged, and the notices it owes."""

from datetime import date, datetime

from django.db import models
from django.db.models import Q

from valija.core import clock
from valija.core.ids import new_id


class TestMethod(models.Model):
    """A card that was stored, and can be charged without its holder."""

    __test__ = False  # no test, whatever pytest thinks of the name

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=19)  # a test card's: it opens nothing
    expires_on = models.DateField()
    stored_at = models.DateTimeField(default=clock.now)
    forgotten_at = models.DateTimeField(null=True)

    @property
    def label(self) -> str:
        return f"•••• {self.number[-4:]}"

    def is_good_on(self, day: date) -> bool:
        return self.forgotten_at is None and day <= self.expires_on


class TestPayment(models.Model):
    """A payment that a shop has asked for, or a card that it wants stored."""

    __test__ = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=64, unique=True)  # the shop's: the same key opens one payment
    only_stores = models.BooleanField(default=False)  # nothing is charged
    method = models.ForeignKey(TestMethod, on_delete=models.PROTECT, null=True, related_name="payments")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=500)
    email = models.CharField(max_length=254, blank=True)
    language = models.CharField(max_length=10)
    return_url = models.CharField(max_length=500)
    opened_at = models.DateTimeField(default=clock.now)
    card = models.CharField(max_length=4, blank=True)  # last digits
    refusals = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=40, blank=True)
    confirming_at = models.DateTimeField(null=True)  # the bank asks the card's holder
    processing_at = models.DateTimeField(null=True)  # the bank has not answered yet
    answer_at = models.DateTimeField(null=True)  # when a slow bank will
    canceled_at = models.DateTimeField(null=True)


class TestCharge(models.Model):
    """The provider's own ledger: money taken, one line a payment."""

    __test__ = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.OneToOneField(TestPayment, on_delete=models.PROTECT, related_name="charge")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField(default=clock.now)


class TestRefund(models.Model):
    """The provider's own ledger: money given back."""

    __test__ = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    charge = models.ForeignKey(TestCharge, on_delete=models.PROTECT, related_name="refunds")
    key = models.CharField(max_length=64, unique=True)  # the shop's: the same key gives back once
    amount = models.PositiveBigIntegerField()
    at = models.DateTimeField(default=clock.now)


class Notices(models.QuerySet["TestNotice"]):
    def due(self, at: datetime) -> "Notices":
        return self.filter(delivered_at=None, given_up_at=None, due_at__lte=at).order_by("due_at", "id")


class TestNotice(models.Model):
    """A signed notice that the shop is to receive."""

    __test__ = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(TestPayment, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=30)  # payment.succeeded, payment.failed, payment.canceled
    times = models.PositiveSmallIntegerField(default=1)  # some notices come twice
    due_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    objects = Notices.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="notices_due", condition=Q(delivered_at=None, given_up_at=None)
            )
        ]
