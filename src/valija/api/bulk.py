"""The same for many users: a plan, applied in the background, undone where it can be."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status
from pydantic import Field

from valija.accounts import operations as accounts
from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.documents import refuses
from valija.api.idempotency import done_once
from valija.api.pages import Items, listed
from valija.api.plans import PlanNotKnown, plan_of
from valija.api.values import Amount, Code, Currency, Cursor, In, Limit, Line, Out, PlanName
from valija.billing.missing import missing_licenses
from valija.domains import operations as domains
from valija.licensing import operations as licensing
from valija.licensing.models import BulkAct, BulkRow, RowState
from valija.licensing.searching import people

router = Router(tags=["bulk acts"])

ActName = Literal["assign", "withdraw", "send_activation", "deactivate", "restore"]
ActShown = Annotated[str, Field(json_schema_extra={"enum": list(BulkAct.Act.values)})]
StateShown = Annotated[
    str, Field(json_schema_extra={"enum": ["planned", "running", "finished", "undoing", "undone", "stopped"]})
]
RowShown = Annotated[str, Field(json_schema_extra={"enum": list(RowState.values)})]
Rows = Annotated[
    Literal["ready", "refused", "done", "failed", "undone", "kept"] | None, Query(description="only these")
]


class SearchIn(In):
    """All users that match; without any value, everybody."""

    q: Annotated[Line, Field(max_length=100, description="words of name or address")] = ""
    plan: Annotated[str, Field(pattern=r"^([a-z0-9-]{1,40})?$", description="a plan's code, or none")] = ""
    role: Literal["", "administrator", "billing", "user"] = ""
    state: Literal["", "active", "to_activate", "none", "deactivated"] = ""
    domain: Annotated[Line, Field(max_length=253)] = ""


class BulkIn(In):
    act: ActName
    plan: Annotated[Code | None, Field(description="for `assign`")] = None
    users: Annotated[list[str] | None, Field(max_length=10_000, description="their ids")] = None
    search: Annotated[SearchIn | None, Field(description="instead of `users`")] = None


class MoveIn(In):
    old_domain: Annotated[Line, Field(min_length=1, max_length=253, examples=["aurora.example"])]
    new_domain: Annotated[Line, Field(min_length=1, max_length=253, examples=["aurora-norte.example"])]


class LackOut(Out):
    """Licenses that a plan lacks, and what buying them costs today, with taxes, where it can be computed."""

    plan: PlanName
    needed: int
    available: int
    missing: int


class BulkOut(Out):
    """A plan and what became of it. `ready` will be done, `refused` cannot be; then `done` and `failed`."""

    id: UUID
    act: ActShown
    plan: PlanName | None
    state: StateShown
    total: int
    ready: int
    refused: int
    done: int
    failed: int
    undone: int
    kept: int
    lacks: list[LackOut]
    total_to_buy: Amount | None
    currency: Currency
    planned_at: datetime
    applied_at: datetime | None
    finished_at: datetime | None
    can_be_undone_until: datetime | None

    @classmethod
    def of(cls, bulk: BulkAct) -> "BulkOut":
        planned = bulk.plan is not None and bulk.state == "planned"
        missing = missing_licenses(bulk.account, {bulk.plan: bulk.ready}) if bulk.plan and planned else None
        return cls(
            id=bulk.pk, act=bulk.act, plan=PlanName.of(bulk.plan) if bulk.plan else None, state=bulk.state, total=bulk.total,
            ready=bulk.ready, refused=bulk.refused, done=bulk.done, failed=bulk.failed, undone=bulk.undone, kept=bulk.kept,
            lacks=lacks_of(missing), total_to_buy=missing.quote.total if missing and missing.quote else None,
            currency=bulk.account.currency, planned_at=bulk.planned_at, applied_at=bulk.applied_at,
            finished_at=bulk.finished_at, can_be_undone_until=licensing.undo_until(bulk) if not bulk.undone_at else None,
        )  # fmt: skip


def lacks_of(missing: object) -> list[LackOut]:
    return [
        LackOut(
            plan=PlanName.of(need.plan), needed=need.needed, available=need.available, missing=need.missing
        )
        for need in getattr(missing, "needs", ())
    ]


class BulkRowOut(Out):
    id: UUID
    user_id: UUID
    email: str
    name: str
    state: RowShown
    reason: Annotated[str | None, Field(description="the code of the refusal")]

    @classmethod
    def of(cls, row: BulkRow) -> "BulkRowOut":
        return cls(
            id=row.pk, user_id=row.user_id, email=row.user.email, name=row.user.full_name, state=row.state,
            reason=row.reason or None,
        )  # fmt: skip


def _acts(request: ProgramRequest) -> Any:
    return BulkAct.objects.filter(account=request.auth.account).select_related("account", "plan")


def _act(request: ProgramRequest, act_id: UUID) -> BulkAct:
    bulk: BulkAct = get_object_or_404(_acts(request), pk=act_id)
    return bulk


@router.get(
    "/bulk-acts", response=Items[BulkOut], operation_id="list_bulk_acts", summary="Acts on many users"
)
@needs(Permission.USER_SEE)
def list_bulk_acts(request: ProgramRequest, cursor: Cursor = "", limit: Limit = 50) -> Items[BulkOut]:
    """What was planned and done for many users in the last thirty days, the newest first."""
    rows, next = listed(_acts(request), by=("-id", "-id"), limit=limit, cursor=cursor)
    return Items(items=[BulkOut.of(bulk) for bulk in rows], next=next)


@router.post(
    "/bulk-acts", response={201: BulkOut}, operation_id="plan_bulk_act", summary="Plan an act on many users"
)
@refuses(licensing.NobodyChosen, accounts.ChoiceNotValid, PlanNotKnown)
@done_once
@needs(Permission.USER_SEE)
def plan_bulk_act(request: ProgramRequest, bulk: BulkIn) -> Status[BulkOut]:
    """See what an act would do for each of many users, by id or all that match a search. Nothing is done until it is applied.

    The token needs the scope of the act too: `license.assign`, or `user.deactivate`."""
    account = request.auth.account
    if bulk.search is not None:
        asked = {name: value for name, value in bulk.search.model_dump().items() if value}
        chosen = people(account, asked)
    else:
        asked, chosen = {}, account.users.filter(pk__in=_keys(bulk.users or []))
    plan = plan_of(bulk.plan) if bulk.plan else None
    planned = licensing.plan_bulk_act(account, bulk.act, chosen, plan=plan, search=asked, by=request.actor)
    return Status(201, BulkOut.of(planned))


def _keys(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError as wrong:
        raise licensing.NobodyChosen from wrong


@router.post(
    "/domain-moves",
    response={201: BulkOut},
    operation_id="plan_domain_move",
    summary="Plan a move to another domain",
)
@refuses(licensing.NobodyChosen, domains.DomainNotApproved, domains.DomainNotValid)
@done_once
@needs(Permission.USER_CHANGE)
def plan_domain_move(request: ProgramRequest, move: MoveIn) -> Status[BulkOut]:
    """See what it would be to give everybody of a domain the same address in another one of the account's. The answer is an act
    on many users: applied and undone like the others."""
    account = request.auth.account
    planned = licensing.plan_domain_move(account, move.old_domain, move.new_domain, by=request.actor)
    return Status(201, BulkOut.of(planned))


@router.get(
    "/bulk-acts/{act_id}", response=BulkOut, operation_id="show_bulk_act", summary="An act on many users"
)
@needs(Permission.USER_SEE)
def show_bulk_act(request: ProgramRequest, act_id: UUID) -> BulkOut:
    """How an act stands; ask again while it is `running` or `undoing`."""
    return BulkOut.of(_act(request, act_id))


@router.get(
    "/bulk-acts/{act_id}/rows", response=Items[BulkRowOut], operation_id="list_bulk_rows", summary="Its users"
)
@needs(Permission.USER_SEE)
def list_bulk_rows(
    request: ProgramRequest, act_id: UUID, state: Rows = None, cursor: Cursor = "", limit: Limit = 50
) -> Items[BulkRowOut]:
    """Each user of an act, with what is to become or became of him."""
    rows = _act(request, act_id).rows.select_related("user")
    if state is not None:
        rows = rows.filter(state=state)
    found, next = listed(rows, by=("id", "id"), limit=limit, cursor=cursor)
    return Items(items=[BulkRowOut.of(row) for row in found], next=next)


@router.post("/bulk-acts/{act_id}/apply", response=BulkOut, operation_id="apply_bulk_act", summary="Apply it")
@refuses(licensing.WorkNotPlanned)
@done_once
@needs(Permission.USER_SEE)
def apply_bulk_act(request: ProgramRequest, act_id: UUID) -> BulkOut:
    """Do what was planned, in the background. Asked twice, it is done once. Needs the scope of the act."""
    return BulkOut.of(licensing.apply_bulk_act(_act(request, act_id), by=request.actor))


@router.post("/bulk-acts/{act_id}/undo", response=BulkOut, operation_id="undo_bulk_act", summary="Undo it")
@refuses(licensing.CannotBeUndone, licensing.WorkNotPlanned)
@done_once
@needs(Permission.USER_SEE)
def undo_bulk_act(request: ProgramRequest, act_id: UUID) -> BulkOut:
    """Undo what was done, but for users who were changed since. Needs the scope of the act."""
    return BulkOut.of(licensing.undo_bulk_act(_act(request, act_id), by=request.actor))


@router.delete(
    "/bulk-acts/{act_id}", response={204: None}, operation_id="discard_bulk_act", summary="Discard a plan"
)
@refuses(licensing.WorkNotPlanned)
@needs(Permission.USER_SEE)
def discard_bulk_act(request: ProgramRequest, act_id: UUID) -> Status[None]:
    """Throw a plan away that was not applied."""
    licensing.discard_bulk_act(_act(request, act_id), by=request.actor)
    return Status(204, None)
