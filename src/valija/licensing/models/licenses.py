"""Licenses, and the subscriptions by which they renew."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Count, F, Q

from valija.accounts.models import Account, User
from valija.core import clock, sql
from valija.core.ids import new_id
from valija.licensing.models.plans import Interval, Plan

GRACE = timedelta(days=14)  # after a renewal that was refused
RENEWING_TAKES = timedelta(days=1)  # the clock renews on the day itself, the bank may take its time


class Subscriptions(models.QuerySet["Subscription"]):
    def running(self) -> "Subscriptions":
        """Those that were bought and have not ended; they may be overdue or suspended."""
        return self.filter(ended_at=None).exclude(interval=Interval.TRIAL)

    def trials(self) -> "Subscriptions":
        return self.filter(interval=Interval.TRIAL)

    def renewing(self) -> "Subscriptions":
        """Those that renew by themselves on their day."""
        return self.running().filter(canceled_at=None, past_due_since=None)


class Subscription(models.Model):
    """All licenses of an account on one interval: they renew together. A trial is one that was not bought."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="subscriptions")
    interval = models.CharField(max_length=5, choices=Interval)
    started_on = models.DateField()
    renews_on = models.DateField()  # the licenses are valid until this day begins, UTC
    canceled_at = models.DateTimeField(null=True)  # it runs to its end and does not renew
    past_due_since = models.DateTimeField(null=True)  # a renewal was refused; the grace runs from here
    suspended_at = models.DateTimeField(null=True)  # the grace is over: licenses stop, nothing is deleted
    ended_at = models.DateTimeField(null=True)  # for good: canceled, or a trial that is over
    reminders = models.PositiveSmallIntegerField(default=0)  # how many were sent in this period

    objects = Subscriptions.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "interval"], condition=Q(ended_at=None), name="one_running_subscription"
            ),
            models.UniqueConstraint(
                fields=["account"], condition=Q(interval="trial"), name="one_trial_per_account"
            ),
        ]
        indexes = [
            models.Index(fields=["renews_on", "id"], name="subscriptions_due", condition=Q(ended_at=None))
        ]

    @property
    def is_trial(self) -> bool:
        """Nothing is paid, and it ends instead of renewing."""
        return self.interval == Interval.TRIAL

    @property
    def renews(self) -> bool:
        """Whether it goes on after its day, as things stand."""
        return not (self.canceled_at or self.is_trial or self.ended_at)

    @property
    def expires_at(self) -> datetime:
        return datetime.combine(self.renews_on, time(), UTC)

    @property
    def works_until(self) -> datetime:
        """How long its licenses work if nothing more is paid: a renewal that was refused has its grace."""
        if over := self.suspended_at or self.ended_at:
            return over
        if self.past_due_since:
            return self.past_due_since + GRACE
        return self.expires_at + RENEWING_TAKES if self.renews else self.expires_at


class Licenses(models.QuerySet["License"]):
    def living(self) -> "Licenses":
        return self.filter(ended_at=None)

    def available(self, plan: Plan | None = None) -> "Licenses":
        """Licenses nobody holds: the pool, the oldest first."""
        free = self.filter(holder=None, ended_at=None).order_by("id")
        return free.filter(plan=plan) if plan else free

    def assigned(self) -> "Licenses":
        return self.filter(holder__isnull=False)

    def of(self, plan: Plan, interval: str) -> "Licenses":
        """Those of one plan and interval: a line of the table of licenses."""
        return self.filter(plan=plan, subscription__interval=interval)

    def to_end(self) -> "Licenses":
        """Those that end at the renewal instead of renewing."""
        return self.exclude(to_end_since=None)

    def numbers(self) -> dict[UUID, int]:
        """How many of each plan, by the plan's key."""
        return dict(self.order_by().values_list("plan_id").annotate(number=Count("pk")))

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
            .annotate(
                available=Count("id", filter=Q(holder=None)),
                assigned=Count("holder"),
                total=Count("id"),
                to_end=Count("to_end_since"),
            )
            .order_by("interval", "plan__rank")
        )  # fmt: skip


class License(models.Model):
    """One seat. Its key is its serial number."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="licenses")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="licenses")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="licenses")
    holder = models.OneToOneField(User, null=True, on_delete=models.PROTECT, related_name="license")
    # The rule that gave it to its holder: it may take it back. Empty: given by a person, who alone takes it back.
    given_by = models.ForeignKey(
        "licensing.LicenseRule", on_delete=models.SET_NULL, null=True, related_name="given"
    )
    added_at = models.DateTimeField(default=clock.now)
    assigned_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    to_end_since = models.DateTimeField(null=True)  # asked then: it ends at the renewal instead of renewing
    extra_activations = models.PositiveSmallIntegerField(default=0)  # bought beside those of the plan
    worth = models.BigIntegerField(
        null=True
    )  # minor units of a whole interval: what is paid for until the renewal
    becomes = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, related_name="+")  # at the renewal

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
    def devices(self) -> int:
        """On how many devices it may be at work at once."""
        return self.plan.allows.devices + self.extra_activations

    @property
    def works_until(self) -> datetime:
        """How long it works if nothing more is paid."""
        return self.expires_at if self.to_end_since else self.subscription.works_until

    @property
    def is_suspended(self) -> bool:
        return self.subscription.suspended_at is not None

    @property
    def standing(self) -> str:
        """available, assigned or ended."""
        if self.ended_at:
            return "ended"
        return "assigned" if self.holder_id else "available"

    @property
    def renews_on(self) -> date:
        return self.subscription.renews_on

    def give_to(self, user: User) -> None:
        self.holder, self.assigned_at, self.given_by = user, clock.now(), None
        self.save(update_fields=["holder", "assigned_at", "given_by"])

    def take_back(self) -> None:
        self.holder, self.assigned_at, self.given_by = None, None, None
        self.save(update_fields=["holder", "assigned_at", "given_by"])
