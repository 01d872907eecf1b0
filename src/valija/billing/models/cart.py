"""What an account is about to buy."""

from django.db import models
from django.db.models import Q

from valija.accounts.models import Account
from valija.core.ids import new_id
from valija.licensing.models import Interval, Plan


class CartLine(models.Model):
    """Licenses that an account is about to buy. The cart is the account's: it outlives sign-outs and is shared."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="cart")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    interval = models.CharField(max_length=5, choices=Interval)
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "plan", "interval"], name="same_plan_merges"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="cart_line_has_a_quantity"),
        ]
