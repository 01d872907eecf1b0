"""The catalogue: plans and what they cost."""

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.core import clock
from valija.core.ids import new_id
from valija.core.money import Money
from valija.licensing.entitlements import Entitlements


class Interval(models.TextChoices):
    MONTH = "month", _("month")
    YEAR = "year", _("year")
    TRIAL = "trial", _("trial")  # has no price and is not sold


SOLD = (Interval.MONTH.value, Interval.YEAR.value)


class Plans(models.QuerySet["Plan"]):
    def offered(self) -> "Plans":
        return self.filter(withdrawn_at=None).order_by("rank")

    def sold(self) -> "Plans":
        return self.offered().filter(on_request=False)

    def with_available(self, account: Account) -> "Plans":
        """Every plan with the number of licenses in the account's pool, as `available`."""
        pool = account.licenses.available().filter(plan=OuterRef("pk")).order_by()
        number = pool.values("plan").annotate(number=Count("pk")).values("number")
        return self.order_by("rank").annotate(available=Coalesce(Subquery(number), 0))


class Plan(models.Model):
    """What a license allows. Names are proper names, alike in every language."""

    class Kind(models.TextChoices):
        PERSON = "person", _("People")
        SHARED = "shared", _("Shared mailboxes")
        API = "api", _("Programs")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERSON)
    rank = models.PositiveSmallIntegerField()  # a higher plan has a higher rank
    summary = models.JSONField(default=dict)  # {language: for whom it is}
    entitlements = models.JSONField(default=dict)
    on_request = models.BooleanField(default=False)  # shown, not sold by a click
    withdrawn_at = models.DateTimeField(null=True)

    objects = Plans.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def allows(self) -> Entitlements:
        return Entitlements.of(self.entitlements)

    @property
    def for_whom(self) -> str:
        return str(self.summary.get(get_language() or "en", self.summary.get("en", "")))


class Prices(models.QuerySet["Price"]):
    def current(self) -> "Prices":
        return self.filter(until=None)


class Price(models.Model):
    """What a plan costs. A change ends the row and opens another: old orders keep the price they were placed at."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="prices")
    interval = models.CharField(max_length=5, choices=Interval)
    currency = models.CharField(max_length=3)
    amount = models.PositiveBigIntegerField()  # minor units, without taxes
    per_activation = models.PositiveBigIntegerField(
        null=True
    )  # of one activation more, where they can be raised
    since = models.DateTimeField(default=clock.now)
    until = models.DateTimeField(null=True)

    objects = Prices.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "interval", "currency"], condition=Q(until=None), name="one_current_price"
            )
        ]

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def activation(self) -> Money:
        return Money(self.per_activation or 0, self.currency)
