"""Licenses: what the account has, and who holds them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from valija.accounts.models import User
from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.documents import refuses
from valija.api.idempotency import done_once
from valija.api.pages import Items, listed
from valija.api.plans import PlanNotKnown, plan_of
from valija.api.values import Code, Cursor, In, IntervalShown, Limit, Out, PlanName
from valija.licensing import operations as licensing
from valija.licensing.models import License

router = Router(tags=["licenses"])


class HolderOut(Out):
    id: UUID
    name: str
    email: str


class LicenseOut(Out):
    """One seat; its id is its serial number."""

    id: UUID
    plan: PlanName
    interval: IntervalShown
    state: Literal["available", "assigned"]
    holder: HolderOut | None
    added_at: datetime
    assigned_at: datetime | None
    expires_at: datetime

    @classmethod
    def of(cls, license: License) -> "LicenseOut":
        holder = license.holder
        return cls(
            id=license.pk, plan=PlanName.of(license.plan), interval=license.subscription.interval,
            state="assigned" if holder else "available",
            holder=HolderOut(id=holder.pk, name=holder.full_name, email=holder.email) if holder else None,
            added_at=license.added_at, assigned_at=license.assigned_at, expires_at=license.expires_at,
        )  # fmt: skip


class CountOut(Out):
    """How many licenses of a plan and interval there are."""

    plan: PlanName
    interval: IntervalShown
    renews_on: date
    available: int
    assigned: int
    total: int


class Counts(Out):
    items: list[CountOut]


class PlanIn(In):
    plan: Code


State = Annotated[Literal["available", "assigned"] | None, Query(description="only these")]
OfPlan = Annotated[
    str | None, Query(pattern=r"^[a-z0-9-]{1,40}$", description="only of the plan with this code")
]


@router.get("/licenses", response=Items[LicenseOut], operation_id="list_licenses", summary="Licenses")
@needs(Permission.LICENSE_SEE)
def list_licenses(
    request: ProgramRequest, state: State = None, plan: OfPlan = None, cursor: Cursor = "", limit: Limit = 50
) -> Items[LicenseOut]:
    """The account's licenses, the oldest first, each with its holder."""
    licenses = request.auth.account.licenses.living().select_related("plan", "subscription", "holder")
    if plan is not None:
        licenses = licenses.filter(plan__code=plan)
    if state is not None:
        licenses = licenses.filter(holder__isnull=state == "available")
    rows, next = listed(licenses, by=("id", "id"), limit=limit, cursor=cursor)
    return Items(items=[LicenseOut.of(license) for license in rows], next=next)


@router.get("/licenses/counts", response=Counts, operation_id="count_licenses", summary="Numbers of licenses")
@needs(Permission.LICENSE_SEE)
def count_licenses(request: ProgramRequest) -> Counts:
    """How many licenses of each plan and interval are available and assigned."""
    return Counts(
        items=[
            CountOut(plan=PlanName(code=row["plan__code"], name=row["plan__name"]), **_numbers(row))
            for row in request.auth.account.licenses.per_plan()
        ]
    )


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("interval", "renews_on", "available", "assigned", "total")}


def _user(request: ProgramRequest, user_id: UUID) -> User:
    user: User = get_object_or_404(request.auth.account.users, pk=user_id)
    return user


GIVING = (
    PlanNotKnown, licensing.NoLicenseAvailable, licensing.LastLicenseTaken, licensing.WrongKindOfPlan,
    licensing.AlreadyLicensed, licensing.UserNotActive,
)  # fmt: skip


@router.post(
    "/users/{user_id}/license",
    response={201: LicenseOut},
    operation_id="assign_license",
    summary="Assign a license",
)
@refuses(*GIVING)
@done_once
@needs(Permission.LICENSE_ASSIGN)
def assign_license(request: ProgramRequest, user_id: UUID, license: PlanIn) -> Status[LicenseOut]:
    """Give a user a license of this plan from the pool. He receives the letter with which he activates."""
    user = _user(request, user_id)
    given = licensing.assign_license(request.auth.account, plan_of(license.plan), user, by=request.actor)
    return Status(201, LicenseOut.of(given))


@router.put(
    "/users/{user_id}/license", response=LicenseOut, operation_id="modify_license", summary="Change a license"
)
@refuses(*GIVING, licensing.NotLicensed)
@done_once
@needs(Permission.LICENSE_ASSIGN)
def modify_license(request: ProgramRequest, user_id: UUID, license: PlanIn) -> LicenseOut:
    """Give a user a license of another plan from the pool; the old one returns to it, its activations end."""
    user = _user(request, user_id)
    return LicenseOut.of(
        licensing.modify_license(request.auth.account, plan_of(license.plan), user, by=request.actor)
    )


@router.delete(
    "/users/{user_id}/license",
    response={204: None},
    operation_id="withdraw_license",
    summary="Withdraw a license",
)
@refuses(licensing.NotLicensed)
@needs(Permission.LICENSE_ASSIGN)
def withdraw_license(request: ProgramRequest, user_id: UUID) -> Status[None]:
    """Take a user's license back into the pool; its activations end."""
    licensing.withdraw_license(request.auth.account, _user(request, user_id), by=request.actor)
    return Status(204, None)


@router.post(
    "/users/{user_id}/license/activation",
    response={204: None},
    operation_id="send_activation",
    summary="Send the activation again",
)
@refuses(licensing.NotLicensed, licensing.UserNotActive)
@done_once
@needs(Permission.LICENSE_ASSIGN)
def send_activation(request: ProgramRequest, user_id: UUID) -> Status[None]:
    """Send a user a new activation code for his license; the code sent before ends."""
    licensing.send_activation(request.auth.account, _user(request, user_id), by=request.actor)
    return Status(204, None)
