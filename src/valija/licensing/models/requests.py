"""Licenses that people ask for, and what an account allows and watches by itself."""

from django.db import models
from django.db.models import Q

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.ids import new_id
from valija.licensing.models.licenses import License
from valija.licensing.models.plans import Plan


class LicenseRequests(models.QuerySet["LicenseRequest"]):
    def open(self) -> "LicenseRequests":
        """Asked, and neither settled nor refused nor withdrawn."""
        return self.filter(settled_at=None, refused_at=None, withdrawn_at=None)

    def waiting(self) -> "LicenseRequests":
        """Granted, but no license was available: in the order of the grants."""
        return self.open().exclude(granted_at=None).order_by("granted_at", "id")


class LicenseRequest(models.Model):
    """A user without a license asks for one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="license_requests")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="license_requests")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    granted_at = models.DateTimeField(null=True)
    granted_by = models.CharField(max_length=320, blank=True)
    settled_at = models.DateTimeField(null=True)  # he has a license
    license = models.ForeignKey(License, null=True, on_delete=models.SET_NULL, related_name="requests")
    refused_at = models.DateTimeField(null=True)
    refusal_reason = models.CharField(max_length=500, blank=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = LicenseRequests.as_manager()

    class Meta:
        constraints = [
            # Asked twice is one request.
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(settled_at=None, refused_at=None, withdrawn_at=None),
                name="one_open_request",
            )
        ]
        indexes = [models.Index(fields=["account", "id"], name="requests_of_account")]

    @property
    def state(self) -> str:
        """asked, waiting (granted, for a license), settled, refused or withdrawn."""
        if self.withdrawn_at:
            return "withdrawn"
        if self.refused_at:
            return "refused"
        return "settled" if self.settled_at else "waiting" if self.granted_at else "asked"


class ClaimedPlan(models.Model):
    """The plan of which whoever has no license may take one himself, where the account allows it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="claimed_plans")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "plan"], name="claimed_plan_once")]


class PoolNotice(models.Model):
    """Below how many available licenses of a plan the administrators want to be told."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="pool_notices")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    threshold = models.PositiveIntegerField()
    told_at = models.DateTimeField(null=True)  # not told again until the number has risen

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "plan"], name="pool_notice_once")]
