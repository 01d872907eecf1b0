"""Plans, licenses and their activations. Capacity is rows: a license is one seat."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.core import clock, sql
from valija.core.ids import new_id
from valija.core.money import Money
from valija.licensing.entitlements import Entitlements


class Interval(models.TextChoices):
    MONTH = "month", _("month")
    YEAR = "year", _("year")


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


class Subscription(models.Model):
    """All licenses of an account on one interval: they renew together."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="subscriptions")
    interval = models.CharField(max_length=5, choices=Interval)
    started_on = models.DateField()
    renews_on = models.DateField()  # the licenses are valid until this day begins, UTC

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "interval"], name="one_subscription_per_interval")
        ]

    @property
    def expires_at(self) -> datetime:
        return datetime(
            self.renews_on.year,
            self.renews_on.month,
            self.renews_on.day,
            tzinfo=timezone.get_fixed_timezone(0),
        )


class Licenses(models.QuerySet["License"]):
    def living(self) -> "Licenses":
        return self.filter(ended_at=None)

    def available(self, plan: Plan | None = None) -> "Licenses":
        """Licenses nobody holds: the pool, the oldest first."""
        free = self.filter(holder=None, ended_at=None).order_by("id")
        return free.filter(plan=plan) if plan else free

    def assigned(self) -> "Licenses":
        return self.filter(holder__isnull=False)

    def locked_first(self) -> "License | None":
        return sql.locked_first(self)

    def per_plan(self) -> "models.QuerySet[License, Any]":
        """Numbers of available and assigned licenses of each plan and interval."""
        return (
            self.living()
            .values(
                "plan_id", "plan__code", "plan__name", "plan__kind", "plan__rank",
                interval=F("subscription__interval"), renews_on=F("subscription__renews_on"),
            )
            .annotate(available=Count("id", filter=Q(holder=None)), assigned=Count("holder"), total=Count("id"))
            .order_by("interval", "plan__rank")
        )  # fmt: skip


class License(models.Model):
    """One seat. Its key is its serial number."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="licenses")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="licenses")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="licenses")
    holder = models.OneToOneField(User, null=True, on_delete=models.PROTECT, related_name="license")
    added_at = models.DateTimeField(default=clock.now)
    assigned_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = Licenses.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(holder=None), name="ended_license_has_no_holder"
            ),
            models.CheckConstraint(
                condition=Q(holder=None, assigned_at=None)
                | Q(holder__isnull=False, assigned_at__isnull=False),
                name="assigned_license_has_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "plan", "id"],
                name="licenses_available",
                condition=Q(holder=None, ended_at=None),
            ),
            models.Index(
                fields=["account", "holder"], name="licenses_held", condition=Q(holder__isnull=False)
            ),
        ]

    @property
    def expires_at(self) -> datetime:
        return self.subscription.expires_at

    @property
    def renews_on(self) -> date:
        return self.subscription.renews_on

    def give_to(self, user: User) -> None:
        self.holder, self.assigned_at = user, clock.now()
        self.save(update_fields=["holder", "assigned_at"])

    def take_back(self) -> None:
        self.holder, self.assigned_at = None, None
        self.save(update_fields=["holder", "assigned_at"])


CODE_LASTS = timedelta(days=30)


class ActivationCode(models.Model):
    """What the letter carries: usable once, to put a license to work on one device."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="codes")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="activation_codes")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)  # the license went elsewhere, or a newer code was sent

    @property
    def account_id(self) -> UUID:
        return self.license.account_id


class Activations(models.QuerySet["Activation"]):
    def living(self) -> "Activations":
        return self.filter(ended_at=None)


class Activation(models.Model):
    """A license at work on one device."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="activations")
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="activations")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="activations")
    device = models.CharField(max_length=80)
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    objects = Activations.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["license", "id"], name="living_activations", condition=Q(ended_at=None))
        ]


class SigningKey(models.Model):
    """A key that signs license files. The private half is locked away; retired keys still verify what they signed."""

    id = models.CharField(
        primary_key=True, max_length=16
    )  # key id: first 16 hex digits of SHA-256 of the public key
    public = models.BinaryField()  # 32 bytes, Ed25519
    private = models.BinaryField()  # locked away
    created_at = models.DateTimeField(default=clock.now)
    retired_at = models.DateTimeField(null=True)
