"""People from a file: read into a plan, then the good rows applied in the background."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.tasks import task
from django.utils.translation import gettext_lazy as _

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission, Role
from valija.core import blobs, clock, sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, NotPermitted, Refusal
from valija.domains import operations as domains
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import ImportRow, Plan, RowState, UserImport
from valija.licensing.operations.assigning import modify_license, name_of
from valija.licensing.operations.import_reading import read_file
from valija.licensing.operations.many import give_licenses, licenses_of, locked_users
from valija.licensing.operations.working import LEASE, WorkNotPlanned, actor_of, claim, maker_of, stored
from valija.mail import letters
from valija.mail import operations as mail

MOST_BYTES = 50_000_000
BATCH = 500
Meaning = ImportRow.Meaning
Result = tuple[str, str]  # state, reason


class FileMissing(InvalidInput):
    code = "file_missing"
    field = "file"
    sentence = _("Choose a CSV file that is not empty.")


class FileTooLarge(InvalidInput):
    code = "file_too_large"
    field = "file"
    sentence = _("The file is larger than 50 MB. Please import it in parts.")


@transaction.atomic
def start_import(account: Account, file_name: str, blob: str, size: int, *, by: Actor) -> UserImport:
    """Let the worker read a file that was stored; nothing is changed by reading it."""
    by.require(Permission.USER_ADD, account)
    by.require(Permission.USER_CHANGE, account)
    if not size:
        raise FileMissing
    found = UserImport.objects.create(
        account=account, maker_id=maker_of(by), actor=stored(by), file_name=file_name[:120] or "csv", blob=blob, size=size,
        due_at=clock.now(),
    )  # fmt: skip
    work_on_imports.enqueue()
    return found


@transaction.atomic
def apply_import(found: UserImport, *, by: Actor) -> UserImport:
    """Let the worker do what the good rows say; the refused are left out. Pressed twice, it is done once."""
    by.require(Permission.USER_ADD, found.account)
    by.require(Permission.USER_CHANGE, found.account)
    found = _held(found)
    if found.applied_at:
        return found
    if found.state != "planned" or not found.ready:
        raise WorkNotPlanned
    if found.rows.exclude(plan=None).filter(state=RowState.READY).exists():
        by.require(Permission.LICENSE_ASSIGN, found.account)
    found.maker_id, found.actor = maker_of(by), stored(by)
    found.applied_at = found.due_at = clock.now()
    found.save(update_fields=["maker", "actor", "applied_at", "due_at"])
    journal.record(Event.USERS_IMPORTED, by=by, about=found, file=found.file_name, number=found.ready)
    work_on_imports.enqueue()
    return found


@transaction.atomic
def discard_import(found: UserImport, *, by: Actor) -> None:
    """Throw a file and its plan away."""
    by.require(Permission.USER_ADD, found.account)
    found = _held(found)
    if found.applied_at:
        raise WorkNotPlanned
    blob = found.blob
    found.delete()
    if blob:
        transaction.on_commit(lambda: blobs.remove(blob))


@transaction.atomic
def forget_imports(kept: timedelta) -> None:
    """Remove imports that nobody needs any more, and files that no import names."""
    UserImport.objects.filter(planned_at__lt=clock.now() - kept).delete()
    blobs.sweep(set(UserImport.objects.exclude(blob="").values_list("blob", flat=True)), older_than=86_400)


def _held(found: UserImport) -> UserImport:
    try:
        return sql.locked(UserImport.objects.select_related("account"), pk=found.pk)
    except UserImport.DoesNotExist as gone:
        raise WorkNotPlanned from gone


@task
def work_on_imports() -> None:
    """Read files and apply plans that are due, each under a lease."""
    while (found := claim(UserImport)) is not None:
        if found.read_at is None:
            read_file(found)
        else:
            while import_batch_done(found.pk):
                pass


@transaction.atomic
def import_batch_done(key: UUID) -> bool:
    """The next rows of an import; false when there is none left."""
    account = sql.locked(Account.objects.all(), pk=UserImport.objects.get(pk=key).account_id)
    found = sql.locked(UserImport.objects.all(), pk=key)
    if found.due_at is None:
        return False
    rows = list(found.rows.filter(state=RowState.READY).order_by("line")[:BATCH])
    now = clock.now()
    if not rows:
        found.finished_at, found.due_at = now, None
        found.save(update_fields=["finished_at", "due_at"])
        return False
    by = actor_of(found)
    try:
        with transaction.atomic():
            results = _applied(account, rows, by)
    except NotPermitted:
        found.stopped_at, found.due_at = now, None
        found.save(update_fields=["stopped_at", "due_at"])
        return False
    sql.update_each(ImportRow, [(row.pk, *results[row.pk]) for row in rows], ("state", "reason"))
    good = sum(state == RowState.DONE for state, _reason in results.values())
    counts = {"done": F("done") + good, "failed": F("failed") + len(rows) - good}
    UserImport.objects.filter(pk=key).update(due_at=clock.now() + LEASE, **counts)
    return True


def _applied(account: Account, rows: list[ImportRow], by: Actor) -> dict[UUID, Result]:
    by.require(Permission.USER_ADD, account)
    by.require(Permission.USER_CHANGE, account)
    results: dict[UUID, Result] = {}
    people = _create(account, [row for row in rows if row.meaning == Meaning.CREATE], results, by)
    people |= _change(account, [row for row in rows if row.meaning == Meaning.CHANGE], results, by)
    _give(account, [row for row in rows if row.plan_id and row.pk in people], people, results, by)
    return results


def _create(
    account: Account, rows: list[ImportRow], results: dict[UUID, Result], by: Actor
) -> dict[UUID, User]:
    taken = set(User.objects.filter(email__in=[row.email for row in rows]).values_list("email", flat=True))
    wrong = _unusable(account, {row.email.rpartition("@")[2] for row in rows})
    for role in {row.values["role"] for row in rows}:
        accounts.require_giveable(role, by=by)
    people: dict[UUID, User] = {}
    for row in rows:
        if reason := "address_taken" if row.email in taken else wrong[row.email.rpartition("@")[2]]:
            results[row.pk] = (RowState.FAILED, reason)
        else:
            people[row.pk] = User(account=account, email=row.email, **row.values)
            results[row.pk] = (RowState.DONE, "")
    new = list(people.values())
    User.objects.bulk_create(new, batch_size=500)
    journal.record_many(
        Event.USER_ADDED,
        ((user, "", {"user": user.email, "role": Role(user.role).label}) for user in new),
        by=by,
        account_id=account.pk,
    )
    link, about = f"{settings.URL}/", {"inviter": name_of(by), "account": account.name}
    mail.write_letters(letters.WELCOME, ((user, link, None, {**about, "email": user.email}) for user in new))
    return people


def _unusable(account: Account, names: set[str]) -> dict[str, str]:
    """The code of what is wrong with each domain, as things stand; empty text for one that can be used."""
    told = {}
    for name in names:
        try:
            domains.require_usable(account, f"somebody@{name}")
            told[name] = ""
        except Refusal as refusal:
            told[name] = refusal.code
    return told


def _change(
    account: Account, rows: list[ImportRow], results: dict[UUID, Result], by: Actor
) -> dict[UUID, User]:
    users = {user.email: user for user in account.users.filter(email__in=[row.email for row in rows])}
    people: dict[UUID, User] = {}
    for row in rows:
        user = users.get(row.email)
        if user is None:
            results[row.pk] = (RowState.FAILED, "not_a_user_of_this_account")
            continue
        user.account = account
        try:
            with transaction.atomic():
                people[row.pk] = accounts.change_user(user, by=by, **row.values) if row.values else user
            results[row.pk] = (RowState.DONE, "")
        except NotPermitted:
            raise
        except Refusal as refusal:
            results[row.pk] = (RowState.FAILED, refusal.code)
    return people


def _give(
    account: Account, rows: list[ImportRow], people: dict[UUID, User], results: dict[UUID, Result], by: Actor
) -> None:
    """The plan column: who has none gets one, who has another changes."""
    if not rows:
        return
    by.require(Permission.LICENSE_ASSIGN, account)
    now = {user.pk: user for user in locked_users(account, [people[row.pk].pk for row in rows])}
    held = licenses_of(now.values())
    for plan in Plan.objects.filter(pk__in={row.plan_id for row in rows}):
        mine = [row for row in rows if row.plan_id == plan.pk and people[row.pk].pk in now]
        without = [row for row in mine if people[row.pk].pk not in held]
        ready = [now[people[row.pk].pk] for row in without if now[people[row.pk].pk].is_active]
        given = {user.pk for user, _license in give_licenses(account, plan, ready, by=by)}
        for row in without:
            if people[row.pk].pk not in given:
                results[row.pk] = (RowState.DONE, "no_license_available")
        for row in mine:
            if row not in without:
                results[row.pk] = (RowState.DONE, _modified(account, plan, people[row.pk], by))


def _modified(account: Account, plan: Plan, user: User, by: Actor) -> str:
    try:
        with transaction.atomic():
            modify_license(account, plan, user, by=by)
    except Refusal as refusal:
        return refusal.code
    return ""
