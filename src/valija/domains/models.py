"""Domains that accounts have claimed, and whether they have proved that they are their own."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from valija.accounts.models import Account
from valija.core import clock, tokens
from valija.core.ids import new_id
from valija.domains import names
from valija.domains.dns import LABEL, Result, record_name

# How often a record is looked for: soon after it was asked for, then ever more rarely (age, rest).
RESTS = (
    (timedelta(hours=1), timedelta(minutes=2)),
    (timedelta(days=1), timedelta(minutes=15)),
    (timedelta(days=7), timedelta(hours=1)),
    (timedelta(days=30), timedelta(hours=6)),
)
DAILY = timedelta(days=1)
SOON = timedelta(hours=1)  # a proved domain whose record was not found, or that nobody answered for


class Domains(models.QuerySet["Domain"]):
    def approved(self) -> "Domains":
        return self.exclude(approved_at=None)

    def waiting(self) -> "Domains":
        return self.filter(approved_at=None, refused_at=None)

    def due(self, at: datetime) -> "Domains":
        """Domains whose record is to be looked for: waiting ones, and those that a record has proved."""
        watched = Q(approved_at=None, refused_at=None) | Q(proved_at__isnull=False, approved_at__isnull=False)
        return self.filter(watched, check_due_at__lte=at).order_by("check_due_at", "id")


def new_proof() -> str:
    return f"valija-domain-proof={tokens.new_token()}"


class Domain(models.Model):
    """An e-mail domain that an account says is its own."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="domains")
    name = models.CharField(max_length=253)  # lower case, in its ASCII (IDNA 2008) form
    proof = models.CharField(
        max_length=80, default=new_proof
    )  # the TXT record that proves it; public by its nature
    claimed_at = models.DateTimeField(default=clock.now)
    approved_at = models.DateTimeField(null=True)
    proved_at = models.DateTimeField(null=True)  # by DNS; an approval without it is the provider's
    refused_at = models.DateTimeField(null=True)
    refusal_reason = models.CharField(
        max_length=300, blank=True
    )  # the provider's; empty: another account has it
    checked_at = models.DateTimeField(null=True)  # when the last look-up began
    check_result = models.CharField(max_length=20, blank=True)  # found, missing, no_answer; empty: under way
    check_due_at = models.DateTimeField(default=clock.now)  # also the lease of whoever looks it up
    lost_at = models.DateTimeField(null=True)

    objects = Domains.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "name"], name="domain_once_per_account"),
            # Two accounts may claim a domain; one can have it.
            models.UniqueConstraint(
                fields=["name"], condition=~Q(approved_at=None), name="domain_approved_once"
            ),
        ]
        indexes = [models.Index(fields=["check_due_at", "id"], name="domains_to_check")]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        """waiting, proved (by DNS), lost (proved, but the record is gone), approved (by the provider), refused, taken."""
        if self.approved_at:
            return "approved" if not self.proved_at else "lost" if self.lost_at else "proved"
        if self.refused_at:
            return "refused" if self.refusal_reason else "taken"
        return "waiting"

    @property
    def in_words(self) -> str:
        return names.in_words(self.name)

    @property
    def record_name(self) -> str:
        return record_name(self.name)

    @property
    def record_label(self) -> str:
        return LABEL

    def next_check(self, at: datetime) -> datetime:
        """When to look again after a look-up that ended at this time."""
        if self.approved_at:
            soon = self.check_result != Result.FOUND and at - (self.lost_at or at) < DAILY
            return at + (SOON if soon else DAILY)
        age = at - self.claimed_at
        return at + next((rest for limit, rest in RESTS if age < limit), DAILY)
