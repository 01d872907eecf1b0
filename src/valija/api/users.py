"""The account's people."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Status
from pydantic import Field

from valija.accounts import mobile
from valija.accounts import operations as accounts
from valija.accounts.models import User
from valija.accounts.permissions import OF_ROLE, SCOPES, Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.documents import refuses
from valija.api.idempotency import done_once
from valija.api.pages import Items, listed
from valija.api.plans import PlanNotKnown, plan_of
from valija.api.values import Code, Cursor, In, Language, LanguageShown, Limit, Line, Out, PlanName, RoleShown
from valija.core.errors import Refusal
from valija.domains import operations as domains
from valija.licensing import operations as licensing

router = Router(tags=["users"])


class RoleAboveToken(Refusal):
    code = "role_above_token"
    status = 403
    sentence = _("This access may not do everything that the role allows, so it cannot give it.")


class HeldLicense(Out):
    id: UUID
    plan: PlanName
    assigned_at: datetime
    expires_at: datetime


class UserOut(Out):
    id: UUID
    email: str
    first_name: str
    last_name: str
    role: RoleShown
    language: LanguageShown
    time_zone: str
    mobile: str
    active: bool
    license: HeldLicense | None
    created_at: datetime
    last_seen_at: datetime | None

    @classmethod
    def of(cls, user: User) -> "UserOut":
        return cls(
            id=user.pk, email=user.email, first_name=user.first_name, last_name=user.last_name, role=user.role,
            language=user.language, time_zone=user.time_zone, mobile=user.mobile, active=user.is_active,
            license=_held(user), created_at=user.created_at, last_seen_at=user.last_seen_at,
        )  # fmt: skip


def _held(user: User) -> HeldLicense | None:
    held = getattr(user, "license", None)
    if held is None:
        return None
    return HeldLicense(
        id=held.pk, plan=PlanName.of(held.plan), assigned_at=held.assigned_at, expires_at=held.expires_at
    )


class UserIn(In):
    email: Annotated[Line, Field(min_length=3, max_length=254, examples=["eva@aurora.example"])]
    first_name: Annotated[Line, Field(min_length=1, max_length=80)]
    last_name: Annotated[Line, Field(max_length=80)] = ""
    role: Literal["administrator", "billing", "user"] = "user"
    language: Annotated[
        Language | None, Field(description="of mails and pages; without it, the account's")
    ] = None
    time_zone: Annotated[Line | None, Field(max_length=60, examples=["Europe/Madrid"])] = None
    mobile: Annotated[Line, Field(max_length=30, description="with the country's prefix")] = ""
    plan: Annotated[Code | None, Field(description="assign a license of this plan at once")] = None


Search = Annotated[
    str, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$", description="words of the name or the address")
]


@router.get("/users", response=Items[UserOut], operation_id="list_users", summary="Users")
@needs(Permission.USER_SEE)
def list_users(
    request: ProgramRequest, search: Search = "", cursor: Cursor = "", limit: Limit = 50
) -> Items[UserOut]:
    """The account's users by name, each with his license; `search` keeps those that contain every word."""
    users = request.auth.account.users.matching(search).select_related(
        "license__plan", "license__subscription"
    )
    rows, next = listed(users, by=("sort_name", "id"), limit=limit, cursor=cursor)
    return Items(items=[UserOut.of(user) for user in rows], next=next)


@router.get("/users/{user_id}", response=UserOut, operation_id="show_user", summary="A user")
@needs(Permission.USER_SEE)
def show_user(request: ProgramRequest, user_id: UUID) -> UserOut:
    """A user of the account, with his license."""
    users = request.auth.account.users.select_related("license__plan", "license__subscription")
    return UserOut.of(get_object_or_404(users, pk=user_id))


@router.post("/users", response={201: UserOut}, operation_id="add_user", summary="Add a user")
@refuses(
    accounts.AddressNotValid, accounts.AddressTaken, accounts.NameMissing, mobile.MobileNotValid, accounts.ChoiceNotValid,
    domains.DomainNotApproved, domains.ThrowAwayDomain, RoleAboveToken, PlanNotKnown,
    licensing.NoLicenseAvailable, licensing.LastLicenseTaken, licensing.WrongKindOfPlan,
)  # fmt: skip
@done_once
@needs(Permission.USER_ADD)
def add_user(request: ProgramRequest, user: UserIn) -> Status[UserOut]:
    """Add a person whose address is of an approved or a public mail domain; with `plan`, he gets a license at once."""
    account = request.auth.account
    if not OF_ROLE[user.role] & SCOPES <= request.actor.permissions:
        raise RoleAboveToken
    given = user.model_dump(exclude={"email", "plan"}, exclude_none=True)
    details = {"language": account.language, **given}
    plan = plan_of(user.plan) if user.plan else None
    added = licensing.add_user(account, user.email, plan=plan, by=request.actor, **details)
    return Status(
        201,
        UserOut.of(User.objects.select_related("license__plan", "license__subscription").get(pk=added.pk)),
    )
