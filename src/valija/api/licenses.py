"""Licenses: what the account has, and who holds them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status
from pydantic import Field

from valija.accounts.models import User
from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.documents import refuses
from valija.api.idempotency import done_once
from valija.api.pages import Items, listed
from valija.api.plans import PlanNotKnown, plan_of
from valija.api.values import Code, Cursor, In, Interval, IntervalShown, Limit, Out, PlanName
from valija.licensing import operations as licensing
from valija.licensing.models import License

router = Router(tags=["licenses"])


StateShown = Annotated[str, Field(json_schema_extra={"enum": ["available", "assigned", "ended"]})]


class HolderOut(Out):
    id: UUID
    name: str
    email: str


class LicenseOut(Out):
    """One seat; its id is its serial number."""

    id: UUID
    plan: PlanName
    interval: IntervalShown
    state: StateShown
    holder: HolderOut | None
    devices: Annotated[int, Field(description="on how many devices it may be at work at once")]
    added_at: datetime
    assigned_at: datetime | None
    expires_at: datetime
    to_end: Annotated[bool, Field(description="it ends at the renewal instead of renewing")]
    ended_at: datetime | None

    @classmethod
    def of(cls, license: License) -> "LicenseOut":
        holder = license.holder
        return cls(
            id=license.pk, plan=PlanName.of(license.plan), interval=license.subscription.interval,
            state=license.standing, devices=license.devices, to_end=license.to_end_since is not None,
            holder=HolderOut(id=holder.pk, name=holder.full_name, email=holder.email) if holder else None,
            added_at=license.added_at, assigned_at=license.assigned_at, expires_at=license.expires_at,
            ended_at=license.ended_at,
        )  # fmt: skip


class CountOut(Out):
    """How many licenses of a plan and interval there are."""

    plan: PlanName
    interval: IntervalShown
    renews_on: date
    available: int
    assigned: int
    total: int
    to_end: Annotated[int, Field(description="of the available ones, how many end at the renewal")]


class Counts(Out):
    items: list[CountOut]


class PlanIn(In):
    plan: Code


class NewPlanIn(PlanIn):
    end_old: Annotated[bool, Field(description="the license before ends at the renewal")] = False


class ReceiverIn(In):
    to: Annotated[UUID, Field(strict=False, description="the user who is to have it")]


class SomeIn(In):
    """So many licenses of a plan and interval that nobody holds."""

    plan: Code
    interval: Interval = "year"
    number: Annotated[int, Field(ge=1, le=100_000)]


State = Annotated[
    Literal["available", "assigned", "ended"] | None,
    Query(description="only these; without it, all that have not ended"),
]
OfPlan = Annotated[
    str | None, Query(pattern=r"^[a-z0-9-]{1,40}$", description="only of the plan with this code")
]


@router.get("/licenses", response=Items[LicenseOut], operation_id="list_licenses", summary="Licenses")
@needs(Permission.LICENSE_SEE)
def list_licenses(
    request: ProgramRequest, state: State = None, plan: OfPlan = None, cursor: Cursor = "", limit: Limit = 50
) -> Items[LicenseOut]:
    """The account's licenses, the oldest first, each with its holder."""
    licenses = request.auth.account.licenses.select_related("plan", "subscription", "holder")
    licenses = licenses.exclude(ended_at=None) if state == "ended" else licenses.living()
    if plan is not None:
        licenses = licenses.filter(plan__code=plan)
    if state in ("available", "assigned"):
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
    return {name: row[name] for name in ("interval", "renews_on", "available", "assigned", "total", "to_end")}


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
def modify_license(request: ProgramRequest, user_id: UUID, license: NewPlanIn) -> LicenseOut:
    """Give a user a license of another plan from the pool; the old one returns to it, its activations end.

    With `end_old` the old one ends at the renewal, for which the token needs `license.remove` too.
    """
    user = _user(request, user_id)
    modify = licensing.modify_license_and_end_the_old if license.end_old else licensing.modify_license
    return LicenseOut.of(modify(request.auth.account, plan_of(license.plan), user, by=request.actor))


@router.post(
    "/users/{user_id}/license/transfer",
    response=LicenseOut,
    operation_id="transfer_license",
    summary="Transfer a license",
)
@refuses(
    licensing.NotLicensed, licensing.AlreadyLicensed, licensing.WrongKindOfPlan, licensing.UserNotActive,
    licensing.SameUser,
)  # fmt: skip
@done_once
@needs(Permission.LICENSE_ASSIGN)
def transfer_license(request: ProgramRequest, user_id: UUID, receiver: ReceiverIn) -> LicenseOut:
    """Give a user's license to another user who has none; its activations end, both are told, both journals stay."""
    user, to = _user(request, user_id), _user(request, receiver.to)
    return LicenseOut.of(licensing.transfer_license(request.auth.account, user, to, by=request.actor))


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


class DeviceOut(Out):
    """A license at work on one device."""

    id: UUID
    device: str
    activated_at: datetime
    last_seen_at: datetime


class Devices(Out):
    items: list[DeviceOut]
    most: Annotated[int, Field(description="on how many devices it may be at work at once")]


@router.get(
    "/licenses/{license_id}/devices",
    response=Devices,
    operation_id="list_devices",
    summary="Devices of a license",
)
@needs(Permission.LICENSE_SEE)
def list_devices(request: ProgramRequest, license_id: UUID) -> Devices:
    """The devices on which a license is at work."""
    license = get_object_or_404(request.auth.account.licenses.select_related("plan"), pk=license_id)
    return Devices(
        items=[
            DeviceOut(
                id=each.pk, device=each.device, activated_at=each.created_at, last_seen_at=each.last_seen_at
            )
            for each in license.activations.living().order_by("id")
        ],
        most=license.devices,
    )


@router.delete(
    "/devices/{device_id}", response={204: None}, operation_id="end_activation", summary="Let a device go"
)
@needs(Permission.LICENSE_ASSIGN)
def end_activation(request: ProgramRequest, device_id: UUID) -> Status[None]:
    """End a license's work on one device; its holder keeps it and can activate another. Once is enough."""
    activations = request.auth.account.activations.select_related("license", "user", "account")
    licensing.deactivate_license(get_object_or_404(activations, pk=device_id), by=request.actor)
    return Status(204, None)


class Changed(Out):
    """The licenses that were removed, are to end, or renew after all."""

    items: list[LicenseOut]


def _changed(request: ProgramRequest, some: SomeIn, act: Callable[..., list[License]]) -> Changed:
    licenses = act(request.auth.account, plan_of(some.plan), some.interval, some.number, by=request.actor)
    again = request.auth.account.licenses.select_related("plan", "subscription", "holder").order_by("id")
    return Changed(
        items=[LicenseOut.of(each) for each in again.filter(pk__in=[each.pk for each in licenses])]
    )


@router.post(
    "/licenses/remove", response=Changed, operation_id="remove_licenses", summary="Remove licenses now"
)
@refuses(PlanNotKnown, licensing.NumberNotValid, licensing.MoreThanAvailable)
@done_once
@needs(Permission.LICENSE_REMOVE)
def remove_licenses(request: ProgramRequest, some: SomeIn) -> Changed:
    """End so many available licenses now. It cannot be undone, and nothing is refunded."""
    return _changed(request, some, licensing.remove_licenses)


@router.post(
    "/licenses/end", response=Changed, operation_id="end_licenses", summary="End licenses at the renewal"
)
@refuses(PlanNotKnown, licensing.NumberNotValid, licensing.MoreThanRenew)
@done_once
@needs(Permission.LICENSE_REMOVE)
def end_licenses(request: ProgramRequest, some: SomeIn) -> Changed:
    """Let so many available licenses end at the renewal; until then they can be used, or kept after all."""
    return _changed(request, some, licensing.end_licenses)


@router.post(
    "/licenses/keep", response=Changed, operation_id="keep_licenses", summary="Keep licenses that were to end"
)
@refuses(PlanNotKnown, licensing.NumberNotValid, licensing.MoreThanEnd)
@done_once
@needs(Permission.LICENSE_REMOVE)
def keep_licenses(request: ProgramRequest, some: SomeIn) -> Changed:
    """Let so many licenses that were to end at the renewal renew after all."""
    return _changed(request, some, licensing.keep_licenses)
