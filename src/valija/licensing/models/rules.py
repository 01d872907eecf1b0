"""Licenses that are given by themselves: rules, and what the clock remembers of each account that has some."""

from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from valija.accounts.models import Account, Group, User
from valija.core import clock
from valija.core.ids import new_id
from valija.domains.models import Domain
from valija.licensing.models.plans import Plan

BEFORE_ALL = UUID(int=0)


class LicenseRules(models.QuerySet["LicenseRule"]):
    def on(self) -> "LicenseRules":
        """Rules in force, in the order in which they are served: the highest plan first, then the oldest rule."""
        return self.filter(ended_at=None).order_by("-plan__rank", "begun_at", "id")


class LicenseRule(models.Model):
    """That a group or a domain carries a plan: who is in it gets a license, who leaves frees it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="license_rules")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(Group, null=True, on_delete=models.SET_NULL, related_name="license_rules")
    domain = models.ForeignKey(Domain, null=True, on_delete=models.SET_NULL, related_name="license_rules")
    label = models.CharField(max_length=253)  # of the group or domain, for when it is gone
    begun_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    short_since = models.DateTimeField(null=True)  # too few licenses, and the administrators have been told

    objects = LicenseRules.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(group=None) | Q(domain=None), name="rule_of_one_thing"),
            models.UniqueConstraint(
                fields=["group", "plan"], condition=Q(ended_at=None), name="group_carries_a_plan_once"
            ),
            models.UniqueConstraint(
                fields=["domain", "plan"], condition=Q(ended_at=None), name="domain_carries_a_plan_once"
            ),
        ]
        indexes = [models.Index(fields=["account", "ended_at"], name="rules_of_account")]

    @property
    def carrier(self) -> str:
        """The group or the domain by its present name."""
        return self.group.name if self.group else self.domain.in_words if self.domain else self.label

    @property
    def in_words(self) -> str:
        """Group Nurses, domain aurora.example."""
        words = _("group %(name)s") if self.domain_id is None else _("domain %(name)s")
        return words % {"name": self.carrier}


class RuleException(models.Model):
    """A person from whom an administrator took back a rule's license by hand: no rule gives it to him again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="rule_exceptions")
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="rule_exception")
    since = models.DateTimeField(default=clock.now)


class AutomaticLicenses(models.Model):
    """Up to where the clock has followed an account's journal, so that it looks again only after something happened."""

    account = models.OneToOneField(
        Account, primary_key=True, on_delete=models.CASCADE, related_name="automatic"
    )
    seen_id = models.UUIDField(default=BEFORE_ALL)  # entries with a later key are news
    due_at = models.DateTimeField(default=clock.now)  # also the lease of whoever works on it
    looked_at = models.DateTimeField(null=True)
