"""Changes of licenses with a date."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.core import clock, facts
from valija.core.ids import new_id
from valija.licensing.models.plans import Interval, Plan


class PlannedChanges(models.QuerySet["PlannedChange"]):
    def open(self) -> "PlannedChanges":
        return self.filter(done_at=None, failed_at=None, taken_back_at=None)

    def about(self, user: User) -> "PlannedChanges":
        """Those that give a user a license or take his."""
        return self.filter(Q(user=user) | Q(to=user)).select_related("user", "to", "plan")

    def seen(self) -> "PlannedChanges":
        """What the page lists: what is to come, and what could not be done until somebody has read it."""
        return self.filter(done_at=None, taken_back_at=None)


class PlannedChange(models.Model):
    """Something that is to happen to a license on a day, by itself, until somebody takes it back."""

    class Kind(models.TextChoices):
        ASSIGN = "assign", _("Assign")
        WITHDRAW = "withdraw", _("Withdraw")
        TRANSFER = "transfer", _("Transfer")
        REMOVE = "remove", _("Remove")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="planned_changes")
    kind = models.CharField(max_length=10, choices=Kind)
    on = models.DateField()  # a day in the account's time zone
    due_at = models.DateTimeField()  # the first moment of that day; later while it is tried again
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="planned_changes")
    to = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="+")
    interval = models.CharField(max_length=5, choices=Interval, blank=True)  # of licenses to be removed
    quantity = models.PositiveIntegerField(default=1)
    planner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    planner_label = models.CharField(max_length=320, blank=True)  # of a program
    planned_at = models.DateTimeField(default=clock.now)
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    reason = models.JSONField(default=dict)  # why it could not be done: sentence and data, as facts
    taken_back_at = models.DateTimeField(null=True)

    objects = PlannedChanges.as_manager()

    class Meta:
        constraints = [
            # Planned twice is planned once.
            models.UniqueConstraint(
                fields=["user", "kind", "on"],
                condition=Q(done_at=None, failed_at=None, taken_back_at=None, user__isnull=False),
                name="planned_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="changes_due",
                condition=Q(done_at=None, failed_at=None, taken_back_at=None),
            ),
            models.Index(fields=["account", "on", "id"], name="changes_of_account"),
        ]

    @property
    def planned_by(self) -> str:
        """Who planned it, as the journal names him; names are read from the people, so that erasing one erases them here."""
        if self.planner is None:
            return self.planner_label
        return f"{self.planner.full_name} <{self.planner.email}>"

    @property
    def state(self) -> str:
        """waiting, failed, done or taken_back."""
        if self.taken_back_at:
            return "taken_back"
        return "done" if self.done_at else "failed" if self.failed_at else "waiting"

    @property
    def why(self) -> str:
        """Why it could not be done, in the reader's language."""
        return str(facts.show(self.reason)) if self.reason else ""
