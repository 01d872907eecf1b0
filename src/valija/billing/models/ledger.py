"""Every movement of money, in double entry."""

from django.db import models

from valija.accounts.models import Account
from valija.billing.models.orders import Order
from valija.core import clock
from valija.core.ids import new_id


class LedgerEntry(models.Model):
    """Double entry: the entries of one order add up to nothing."""

    class Book(models.TextChoices):
        PROVIDER = "provider"  # what the payment provider owes us
        REVENUE = "revenue"
        TAX = "tax"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="ledger")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="ledger")
    at = models.DateTimeField(default=clock.now)
    book = models.CharField(max_length=10, choices=Book)
    amount = models.BigIntegerField()  # debit positive, credit negative
    currency = models.CharField(max_length=3)
