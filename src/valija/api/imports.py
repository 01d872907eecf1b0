"""People from a list: read into a plan, applied in the background."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status
from pydantic import Field

from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.documents import refuses
from valija.api.idempotency import done_once
from valija.api.pages import Items, listed
from valija.api.values import Cursor, In, Limit, Line, Out
from valija.core import blobs
from valija.licensing import operations as licensing
from valija.licensing.models import ImportRow, RowState, UserImport

router = Router(tags=["imports"])

STATES = ["reading", "planned", "running", "finished", "stopped", "unusable"]
StateShown = Annotated[str, Field(json_schema_extra={"enum": STATES})]
MeaningShown = Annotated[str, Field(json_schema_extra={"enum": list(ImportRow.Meaning.values)})]
RowShown = Annotated[str, Field(json_schema_extra={"enum": list(RowState.values)})]
Meant = Annotated[Literal["create", "change", "same", "refused"] | None, Query(description="only these")]


class ImportIn(In):
    """The text of a CSV file with a heading, as the portal's template has it; up to a megabyte in one request."""

    file_name: Annotated[Line, Field(max_length=120, examples=["people.csv"])] = "api.csv"
    content: Annotated[
        str, Field(max_length=900_000, examples=["email,first name\neva@aurora.example,Eva\n"])
    ]


class ImportOut(Out):
    """A plan and what became of it; `fault` is the code of why the file cannot be used at all."""

    id: UUID
    file_name: str
    state: StateShown
    fault: str | None
    total: int
    created: int
    changed: int
    same: int
    refused: int
    done: int
    failed: int
    planned_at: datetime
    applied_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, one: UserImport) -> "ImportOut":
        return cls(
            id=one.pk, file_name=one.file_name, state=one.state, fault=one.fault or None, total=one.total,
            created=one.created, changed=one.changed, same=one.same, refused=one.refused, done=one.done, failed=one.failed,
            planned_at=one.planned_at, applied_at=one.applied_at, finished_at=one.finished_at,
        )  # fmt: skip


class ImportRowOut(Out):
    id: UUID
    line: int
    email: str
    meaning: MeaningShown
    state: RowShown
    reason: Annotated[str | None, Field(description="the code of the refusal")]


def _import(request: ProgramRequest, import_id: UUID) -> UserImport:
    imports: Any = UserImport.objects.filter(account=request.auth.account).select_related("account")
    one: UserImport = get_object_or_404(imports, pk=import_id)
    return one


@router.post("/imports", response={201: ImportOut}, operation_id="start_import", summary="Import users")
@refuses(licensing.FileMissing)
@done_once
@needs(Permission.USER_ADD)
def start_import(request: ProgramRequest, file: ImportIn) -> Status[ImportOut]:
    """Read a list of users into a plan, in the background. Needs the scope `user.change` too; nothing is changed until it is
    applied."""
    name, opened = blobs.begin()
    with opened:
        size = opened.write(file.content.encode("utf-8", "replace"))
    try:
        one = licensing.start_import(request.auth.account, file.file_name, name, size, by=request.actor)
    except Exception:
        blobs.remove(name)
        raise
    return Status(201, ImportOut.of(one))


@router.get("/imports/{import_id}", response=ImportOut, operation_id="show_import", summary="An import")
@needs(Permission.USER_ADD)
def show_import(request: ProgramRequest, import_id: UUID) -> ImportOut:
    """How an import stands; ask again while it is `reading` or `running`."""
    return ImportOut.of(_import(request, import_id))


@router.get(
    "/imports/{import_id}/rows",
    response=Items[ImportRowOut],
    operation_id="list_import_rows",
    summary="Its rows",
)
@needs(Permission.USER_ADD)
def list_import_rows(
    request: ProgramRequest, import_id: UUID, meaning: Meant = None, cursor: Cursor = "", limit: Limit = 50
) -> Items[ImportRowOut]:
    """Each line of the file, with what it means and why it is refused."""
    rows = _import(request, import_id).rows.all()
    if meaning is not None:
        rows = rows.filter(meaning=meaning)
    found, next = listed(rows, by=("line", "id"), limit=limit, cursor=cursor)
    items = [
        ImportRowOut(
            id=row.pk, line=row.line, email=row.email, meaning=row.meaning, state=row.state, reason=row.reason or None
        )
        for row in found
    ]  # fmt: skip
    return Items(items=items, next=next)


@router.post(
    "/imports/{import_id}/apply", response=ImportOut, operation_id="apply_import", summary="Apply it"
)
@refuses(licensing.WorkNotPlanned)
@done_once
@needs(Permission.USER_ADD)
def apply_import(request: ProgramRequest, import_id: UUID) -> ImportOut:
    """Do what the good rows say, in the background. Asked twice, it is done once."""
    return ImportOut.of(licensing.apply_import(_import(request, import_id), by=request.actor))


@router.delete(
    "/imports/{import_id}", response={204: None}, operation_id="discard_import", summary="Discard an import"
)
@refuses(licensing.WorkNotPlanned)
@needs(Permission.USER_ADD)
def discard_import(request: ProgramRequest, import_id: UUID) -> Status[None]:
    """Throw an import away that was not applied."""
    licensing.discard_import(_import(request, import_id), by=request.actor)
    return Status(204, None)
