"""A file of people becomes a plan: each line is new, changed, the same or refused, with the reason."""

from itertools import batched
from typing import Any

from django.db import transaction

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core import blobs, clock
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.domains import operations as domains
from valija.licensing import sheets
from valija.licensing.models import ImportRow, Plan, RowState, UserImport
from valija.licensing.operations.working import LEASE, actor_of

BATCH = 1000
MOST_LINES = 200_000
Meaning = ImportRow.Meaning
DETAILS = ("first_name", "last_name", "mobile", "sms_country", "language", "time_zone", "date_format", "role")
LENGTHS = {"first_name": 80, "last_name": 80, "mobile": 30, "email": 254, "time_zone": 60}


def read_file(found: UserImport) -> None:
    """Read the file from its beginning; what a killed worker had read is read again."""
    ImportRow.objects.filter(of=found).delete()
    for name in ("created", "changed", "same", "refused", "ready", "total", "lines", "position"):
        setattr(found, name, 0)
    try:
        sheet = sheets.recognize(blobs.path(found.blob))
        found.encoding, found.delimiter = sheet.encoding, sheet.delimiter
        found.columns, found.unknown = sheet.columns, sheet.unknown
        found.save()
        with blobs.path(found.blob).open("rb") as opened:
            counted = sheets.Counted(opened)
            reader = Reader(found, sheet.columns)
            for lines in batched(sheets.rows(counted, sheet), BATCH):
                reader.take(lines)
                found.position = min(counted.position, found.size)
                if not _keep(found):
                    return  # another worker has it
                if found.total > MOST_LINES:
                    raise sheets.Unusable("too_many_lines", lines[-1][0])
    except sheets.Unusable as wrong:
        found.fault, found.fault_line = wrong.code, wrong.line
        ImportRow.objects.filter(of=found).delete()
    except FileNotFoundError:
        found.fault = "not_a_csv"
    blob, found.blob = found.blob, ""
    found.read_at, found.due_at = clock.now(), None
    with transaction.atomic():
        found.save()
    blobs.remove(blob)


def _keep(found: UserImport) -> bool:
    """Renew the lease and show how far it has come."""
    lease = clock.now() + LEASE
    mine = UserImport.objects.filter(pk=found.pk, due_at=found.due_at)
    shown = {
        name: getattr(found, name)
        for name in ("position", "total", "ready", "refused", "created", "changed", "same")
    }
    if not mine.update(due_at=lease, **shown):
        return False
    found.due_at = lease
    return True


class Reader:
    """Turns lines into rows, some hundred at a time; what it remembers does not grow with the file."""

    def __init__(self, found: UserImport, columns: list[str]) -> None:
        self.of, self.columns = found, columns
        self.account = Account.objects.get(pk=found.account_id)
        self.by: Actor = actor_of(found)
        self.plans = {
            sheets.plain(name): plan for plan in Plan.objects.all() for name in (plan.code, plan.name)
        }
        self.domains: dict[str, str] = {}

    @transaction.atomic
    def take(self, lines: tuple[tuple[int, list[str]], ...]) -> None:
        rows = [self._row(line, cells) for line, cells in lines]
        emails = {row.email for row in rows if row.email}
        known = {user.email: user for user in self._users(emails)}
        seen = set(ImportRow.objects.filter(of=self.of, email__in=emails).values_list("email", flat=True))
        for row in rows:
            if row.reason:
                pass
            elif row.email in seen:
                row.reason = "twice_in_the_file"
            else:
                seen.add(row.email)
                self._judge(row, known.get(row.email))
            if row.reason:
                row.meaning, row.state, row.values, row.plan = Meaning.REFUSED, RowState.REFUSED, {}, None
        ImportRow.objects.bulk_create(rows, batch_size=500)
        self._count(rows)

    def _users(self, emails: set[str]) -> Any:
        return User.objects.filter(email__in=emails).select_related("license__plan")

    def _count(self, rows: list[ImportRow]) -> None:
        meanings = [row.meaning for row in rows]
        self.of.total += len(rows)
        self.of.created += meanings.count(Meaning.CREATE)
        self.of.changed += meanings.count(Meaning.CHANGE)
        self.of.same += meanings.count(Meaning.SAME)
        self.of.refused += meanings.count(Meaning.REFUSED)
        self.of.ready = self.of.created + self.of.changed

    def _row(self, line: int, cells: list[str]) -> ImportRow:
        row = ImportRow(of=self.of, line=line, meaning=Meaning.REFUSED)
        if any(cell.strip() for cell in cells[len(self.columns) :]):
            row.reason = "too_many_columns"
        given = {
            field: sheets.unsafe(cell.strip())
            for field, cell in zip(self.columns, cells, strict=False)
            if field
        }
        try:
            row.email = accounts.normal_email(given.get("email", ""))
        except Refusal as refusal:
            row.reason, row.email = row.reason or refusal.code, given.get("email", "")[:254]
        for field, value in given.items():
            if len(value) > LENGTHS.get(field, 40):
                row.reason = row.reason or "too_long"
            if field in {"first_name", "last_name"} and value.startswith(sheets.FORMULA):
                row.reason = row.reason or "formula"
        row.values = {
            field: self._meant(field, value) for field, value in given.items() if field in DETAILS and value
        }
        if plan := given.get("plan"):
            row.plan = self.plans.get(sheets.plain(plan))
            row.reason = row.reason or ("" if row.plan else "plan_not_known")
        return row

    def _meant(self, field: str, value: str) -> str:
        if field == "language":
            return sheets.LANGUAGES.get(sheets.plain(value), value.lower())
        if field == "role":
            return sheets.ROLES.get(sheets.plain(value), value.lower())
        return value.upper() if field == "sms_country" else value

    def _judge(self, row: ImportRow, user: User | None) -> None:
        """What the line means for one who is new, or known."""
        try:
            if user is None:
                self._create(row)
            elif user.account_id != self.account.pk:
                row.reason = "address_taken"
            else:
                self._change(row, user)
        except Refusal as refusal:
            row.reason = refusal.code

    def _create(self, row: ImportRow) -> None:
        self.by.require(Permission.USER_ADD, self.account)
        if reason := self._unusable(row.email):
            row.reason = reason
            return
        defaults = {"language": self.account.language, "time_zone": self.account.time_zone}
        user = User(account=self.account, email=row.email, **{**defaults, **row.values})
        accounts.check_details(user)
        accounts.require_giveable(user.role, by=self.by)
        row.values = {name: getattr(user, name) for name in (*DETAILS, "sort_name")}
        row.meaning = Meaning.CREATE
        if row.plan is not None and row.plan.kind != user.kind:
            row.reason = "wrong_kind_of_plan"

    def _change(self, row: ImportRow, user: User) -> None:
        self.by.require(Permission.USER_CHANGE, self.account)
        user.account = self.account
        before = {name: getattr(user, name) for name in row.values}
        for name, value in row.values.items():
            setattr(user, name, value)
        accounts.check_details(user)
        row.values = {name: getattr(user, name) for name in before if getattr(user, name) != before[name]}
        if "role" in row.values:
            accounts.require_giveable(before["role"], user.role, by=self.by)
        held = getattr(user, "license", None)
        if row.plan is not None and held is not None and held.plan_id == row.plan.pk:
            row.plan = None
        if row.plan is not None and not user.is_active:
            row.reason = "user_not_active"
        elif row.plan is not None and row.plan.kind != user.kind:
            row.reason = "wrong_kind_of_plan"
        row.meaning = Meaning.CHANGE if row.values or row.plan else Meaning.SAME
        if row.meaning == Meaning.SAME:
            row.state = RowState.DONE

    def _unusable(self, email: str) -> str:
        """The code of what is wrong with the address's domain; each domain is looked up once."""
        domain = email.rpartition("@")[2]
        if domain not in self.domains:
            try:
                domains.require_usable(self.account, email)
                self.domains[domain] = ""
            except Refusal as refusal:
                self.domains[domain] = refusal.code
            if len(self.domains) > 10_000:
                self.domains.clear()
                return self._unusable(email)
        return self.domains[domain]
