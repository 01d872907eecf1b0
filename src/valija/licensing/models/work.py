"""Work on many people: planned row by row, then done in the background, batch by batch."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.ids import new_id
from valija.licensing.models.plans import Plan


class Work(models.Model):
    """What bulk acts and imports have in common: whose it is, how far it has come, and when a worker may take it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    maker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    actor = models.JSONField(default=dict)  # who, from where, as the journal will name him
    planned_at = models.DateTimeField(default=clock.now)
    applied_at = models.DateTimeField(null=True)  # asked to do it
    finished_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)  # whoever asked may no longer do it
    due_at = models.DateTimeField(
        null=True
    )  # something is to be done from then on; the lease of a worker that does it
    total = models.PositiveIntegerField(default=0)
    ready = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


class RowState(models.TextChoices):
    READY = "ready", _("Will be done")
    REFUSED = "refused", _("Cannot be done")
    DONE = "done", _("Done")
    FAILED = "failed", _("Could not be done")
    UNDONE = "undone", _("Undone")
    KEPT = "kept", _("Changed meanwhile, left as it is")


class BulkActs(models.QuerySet["BulkAct"]):
    def due(self) -> "BulkActs":
        return self.filter(due_at__lte=clock.now()).order_by("due_at", "id")


class BulkAct(Work):
    """The same act for many people of an account."""

    class Act(models.TextChoices):
        ASSIGN = "assign", _("Assign licenses")
        WITHDRAW = "withdraw", _("Withdraw licenses")
        SEND_ACTIVATION = "send_activation", _("Send the activation again")
        DEACTIVATE = "deactivate", _("Deactivate")
        RESTORE = "restore", _("Restore access")
        MOVE_DOMAIN = "move_domain", _("Move to another domain")

    act = models.CharField(max_length=20, choices=Act)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, related_name="+")
    search = models.JSONField(default=dict)  # what all of them match, if they were not ticked one by one
    old_domain = models.CharField(max_length=253, blank=True)
    new_domain = models.CharField(max_length=253, blank=True)
    undone_at = models.DateTimeField(null=True)  # asked to undo it
    undo_finished_at = models.DateTimeField(null=True)
    undone = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)

    objects = BulkActs.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "-id"], name="bulk_acts_of_account"),
            models.Index(fields=["due_at"], name="bulk_acts_due", condition=~Q(due_at=None)),
        ]

    @property
    def state(self) -> str:
        """planned, running, finished, undoing, undone, stopped."""
        if self.stopped_at:
            return "stopped"
        if self.undo_finished_at:
            return "undone"
        if self.undone_at:
            return "undoing"
        if self.finished_at:
            return "finished"
        return "running" if self.applied_at else "planned"


class BulkRow(models.Model):
    """One person of a bulk act."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    act = models.ForeignKey(BulkAct, on_delete=models.CASCADE, related_name="rows")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=RowState, default=RowState.READY)
    reason = models.CharField(max_length=40, blank=True)  # the code of a refusal
    license_id = models.UUIDField(null=True)  # the one that was given or taken
    address = models.CharField(max_length=254, blank=True)  # the other one, where addresses move

    class Meta:
        indexes = [models.Index(fields=["act", "state", "id"], name="bulk_rows_of_act")]
        constraints = [models.UniqueConstraint(fields=["act", "user"], name="person_once_per_bulk_act")]


class UserImports(models.QuerySet["UserImport"]):
    def due(self) -> "UserImports":
        return self.filter(due_at__lte=clock.now()).order_by("due_at", "id")


class UserImport(Work):
    """A file of people: read into a plan, then applied."""

    file_name = models.CharField(max_length=120)
    blob = models.CharField(max_length=64, blank=True)  # the file's name in the home; empty once it was read
    size = models.PositiveBigIntegerField()
    position = models.PositiveBigIntegerField(default=0)  # bytes that were read
    lines = models.PositiveIntegerField(default=0)  # lines that were read
    encoding = models.CharField(max_length=12, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    columns = models.JSONField(default=list)  # the field of each column; empty text for one that is not known
    unknown = models.JSONField(default=list)  # headings that mean nothing here
    fault = models.CharField(max_length=40, blank=True)  # why the file cannot be used at all
    fault_line = models.PositiveIntegerField(default=0)
    read_at = models.DateTimeField(null=True)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)

    objects = UserImports.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "-id"], name="imports_of_account"),
            models.Index(fields=["due_at"], name="imports_due", condition=~Q(due_at=None)),
        ]

    @property
    def state(self) -> str:
        """reading, planned, running, finished, stopped, unusable."""
        if self.stopped_at:
            return "stopped"
        if self.fault:
            return "unusable"
        if self.finished_at:
            return "finished"
        if self.applied_at:
            return "running"
        return "planned" if self.read_at else "reading"


class ImportRow(models.Model):
    """One line of the file, and what it means."""

    class Meaning(models.TextChoices):
        CREATE = "create", _("New")
        CHANGE = "change", _("Changed")
        SAME = "same", _("Unchanged")
        REFUSED = "refused", _("Cannot be used")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    of = models.ForeignKey(UserImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    meaning = models.CharField(max_length=10, choices=Meaning)
    state = models.CharField(max_length=10, choices=RowState, default=RowState.READY)
    reason = models.CharField(max_length=40, blank=True)
    email = models.CharField(max_length=254, blank=True)
    values = models.JSONField(default=dict)  # what is written; for one who is known, what changes
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, related_name="+")  # to assign

    class Meta:
        indexes = [
            models.Index(fields=["of", "state", "line"], name="import_rows_by_state"),
            models.Index(fields=["of", "meaning", "line"], name="import_rows_by_meaning"),
            models.Index(fields=["of", "email"], name="import_rows_by_email"),
            models.Index(fields=["of", "plan"], name="import_rows_with_plan", condition=~Q(plan=None)),
        ]
        constraints = [models.UniqueConstraint(fields=["of", "line"], name="line_once_per_import")]
