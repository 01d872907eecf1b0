"""What payment providers are asked and tell."""

from datetime import date

from django.db import models
from django.db.models import Q

from valija.accounts.models import Account, User
from valija.billing.models.orders import Order
from valija.core import clock
from valija.core.ids import new_id
from valija.core.money import Money


class Payment(models.Model):
    """What a payment provider was asked to charge for an order."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="payment")
    provider = models.CharField(max_length=20)
    reference = models.CharField(max_length=80, null=True)
    page_url = models.CharField(max_length=500, blank=True)
    round = models.PositiveSmallIntegerField(default=0)  # grows when one way to pay is put aside for another
    refusals = models.PositiveSmallIntegerField(default=0)  # how many refused attempts the journal has told
    reason = models.CharField(max_length=40, blank=True)  # of the latest refusal
    with_bank_since = models.DateTimeField(null=True)  # the bank has it and has not answered
    looked_at = models.DateTimeField(default=clock.now)  # when the clock last asked

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "reference"], name="reference_once")]

    @property
    def key(self) -> str:
        """What the provider knows it by: the same key starts one payment, however often it is asked."""
        return f"{self.pk}-{self.round}" if self.round else str(self.pk)


class NoticeReceipt(models.Model):
    """That a provider's notice was processed; the same notice again changes nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=20)
    notice = models.CharField(max_length=80)
    received_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "notice"], name="notice_once")]


class PaymentMethods(models.QuerySet["PaymentMethod"]):
    def kept(self) -> "PaymentMethods":
        return self.filter(forgotten_at=None)


class PaymentMethod(models.Model):
    """A card that a provider keeps for an account: what renewals are charged to."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="methods")
    provider = models.CharField(max_length=20)
    reference = models.CharField(max_length=120)  # the provider's
    label = models.CharField(max_length=60)  # •••• 4242
    expires_on = models.DateField(null=True)
    stored_at = models.DateTimeField(default=clock.now)
    forgotten_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)  # the provider keeps it no longer either

    objects = PaymentMethods.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(forgotten_at=None), name="one_method_per_account"
            )
        ]
        indexes = [
            models.Index(
                fields=["forgotten_at"],
                name="methods_to_release",
                condition=Q(forgotten_at__isnull=False, released_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.label

    def is_good_on(self, day: date) -> bool:
        return self.expires_on is None or day <= self.expires_on


class StoringPage(models.Model):
    """A provider's page on which somebody is to store a card without being charged."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="storing_pages")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=20)
    reference = models.CharField(max_length=80, null=True)
    page_url = models.CharField(max_length=500, blank=True)
    opened_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)  # the card is stored

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "reference"], name="storing_page_once")]


class Refunds(models.QuerySet["Refund"]):
    def counted(self) -> "Refunds":
        """What was given back or may still be."""
        return self.filter(refused_at=None)

    def due(self) -> "Refunds":
        """Asked, and not known to be done."""
        return self.filter(done_at=None, refused_at=None)


class Refund(models.Model):
    """Money of a purchase that is given back."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="refunds")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    asked_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=200, blank=True)  # in the provider's words

    objects = Refunds.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_of_something"),
            models.CheckConstraint(condition=Q(done_at=None) | Q(refused_at=None), name="done_or_refused"),
        ]
        indexes = [
            models.Index(fields=["asked_at"], name="refunds_due", condition=Q(done_at=None, refused_at=None))
        ]

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def standing(self) -> str:
        """done, refused, or asked."""
        return "done" if self.done_at else "refused" if self.refused_at else "asked"
