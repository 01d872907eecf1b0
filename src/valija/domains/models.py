"""Domains that accounts have claimed, and whether they have proved that they are their own."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from valija.accounts.models import Account
from valija.core import tokens
from valija.core.ids import new_id


class Domains(models.QuerySet["Domain"]):
    def approved(self) -> "Domains":
        return self.exclude(approved_at=None)

    def waiting(self) -> "Domains":
        return self.filter(approved_at=None, refused_at=None)


def new_proof() -> str:
    return f"valija-domain-proof={tokens.new_token()}"


class Domain(models.Model):
    """An e-mail domain that an account says is its own."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="domains")
    name = models.CharField(max_length=253)  # lower case, in its ASCII (IDNA 2008) form
    proof = models.CharField(max_length=80, default=new_proof)  # the TXT record that proves it; public by its nature
    claimed_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(null=True)
    proved_at = models.DateTimeField(null=True)  # by DNS; an approval without it is the provider's
    refused_at = models.DateTimeField(null=True)
    refusal_reason = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField(null=True)
    check_result = models.CharField(max_length=20, blank=True)  # found, missing, no_answer
    check_due_at = models.DateTimeField(default=timezone.now)
    lost_at = models.DateTimeField(null=True)

    objects = Domains.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "name"], name="domain_once_per_account"),
            # Two accounts may claim a domain; one can have it.
            models.UniqueConstraint(fields=["name"], condition=~Q(approved_at=None), name="domain_approved_once"),
        ]
        indexes = [models.Index(fields=["check_due_at", "id"], name="domains_to_check")]

    def __str__(self) -> str:
        return self.name
