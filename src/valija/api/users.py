"""The account's people."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Status
from pydantic import Field

from valija.accounts import mobile
from valija.accounts import operations as accounts
from valija.accounts.models import Account, AddressChange, User
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
    date_format: str
    mobile: str
    sms_country: str
    active: bool
    new_email: Annotated[str | None, Field(description="waits to be confirmed from its mailbox")]
    license: HeldLicense | None
    created_at: datetime
    last_seen_at: datetime | None

    @classmethod
    def of(cls, user: User) -> "UserOut":
        return cls(
            id=user.pk, email=user.email, first_name=user.first_name, last_name=user.last_name, role=user.role,
            language=user.language, time_zone=user.time_zone, date_format=user.date_format, mobile=user.mobile,
            sms_country=user.sms_country, active=user.is_active, new_email=getattr(user, "new_email", None),
            license=_held(user), created_at=user.created_at, last_seen_at=user.last_seen_at,
        )  # fmt: skip


def _held(user: User) -> HeldLicense | None:
    held = getattr(user, "license", None)
    if held is None:
        return None
    return HeldLicense(
        id=held.pk, plan=PlanName.of(held.plan), assigned_at=held.assigned_at, expires_at=held.expires_at
    )


def _shown(account: Account) -> Any:
    """The account's users with all that is told of them."""
    waiting = AddressChange.objects.open().filter(user=OuterRef("pk")).order_by("-id").values("email")[:1]
    users = account.users.select_related("license__plan", "license__subscription")
    return users.annotate(new_email=Subquery(waiting))


def _user(request: ProgramRequest, user_id: UUID) -> User:
    user: User = get_object_or_404(request.auth.account.users.select_related("account"), pk=user_id)
    return user


def _answer(request: ProgramRequest, user: User) -> UserOut:
    return UserOut.of(_shown(request.auth.account).get(pk=user.pk))


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
    rows, next = listed(
        _shown(request.auth.account).matching(search), by=("sort_name", "id"), limit=limit, cursor=cursor
    )
    return Items(items=[UserOut.of(user) for user in rows], next=next)


@router.get("/users/{user_id}", response=UserOut, operation_id="show_user", summary="A user")
@needs(Permission.USER_SEE)
def show_user(request: ProgramRequest, user_id: UUID) -> UserOut:
    """A user of the account, with his license."""
    return UserOut.of(get_object_or_404(_shown(request.auth.account), pk=user_id))


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
    return Status(201, _answer(request, added))


class UserChangeIn(In):
    """What is not sent stays as it is."""

    first_name: Annotated[Line | None, Field(min_length=1, max_length=80)] = None
    last_name: Annotated[Line | None, Field(max_length=80)] = None
    role: Literal["administrator", "billing", "user"] | None = None
    language: Language | None = None
    time_zone: Annotated[Line | None, Field(max_length=60, examples=["Europe/Madrid"])] = None
    date_format: Literal["d/m/Y", "m/d/Y", "Y-m-d"] | None = None
    mobile: Annotated[Line | None, Field(max_length=30, description="with the country's prefix")] = None
    sms_country: Annotated[str | None, Field(pattern=r"^([A-Z]{2})?$", examples=["ES"])] = None


class AddressIn(In):
    email: Annotated[Line, Field(min_length=3, max_length=254, examples=["eva@aurora.example"])]


@router.patch("/users/{user_id}", response=UserOut, operation_id="change_user", summary="Change a user")
@refuses(
    accounts.NameMissing, mobile.MobileNotValid, accounts.ChoiceNotValid, accounts.RoleAboveOwn,
    accounts.LastAdministrator,
)  # fmt: skip
@needs(Permission.USER_CHANGE)
def change_user(request: ProgramRequest, user_id: UUID, user: UserChangeIn) -> UserOut:
    """Change a user's details or role. The address has a request of its own: it has to be confirmed."""
    details = user.model_dump(exclude_none=True)
    return _answer(request, accounts.change_user(_user(request, user_id), by=request.actor, **details))


@router.put(
    "/users/{user_id}/address",
    response=UserOut,
    operation_id="request_address_change",
    summary="Change an address",
)
@refuses(
    accounts.AddressNotValid, accounts.AddressTaken, domains.AddressUnchanged, domains.DomainNotApproved,
    domains.ThrowAwayDomain,
)  # fmt: skip
@needs(Permission.USER_CHANGE)
def request_address_change(request: ProgramRequest, user_id: UUID, address: AddressIn) -> UserOut:
    """Ask the new mailbox to confirm. The address changes with the confirmation; license, journal and messages stay."""
    change = domains.request_address_change(_user(request, user_id), address.email, by=request.actor)
    return _answer(request, change.user)


@router.delete(
    "/users/{user_id}/address",
    response={204: None},
    operation_id="cancel_address_change",
    summary="Leave an address",
)
@needs(Permission.USER_CHANGE)
def cancel_address_change(request: ProgramRequest, user_id: UUID) -> Status[None]:
    """Cancel a change of address that is not confirmed yet."""
    domains.cancel_address_change(_user(request, user_id), by=request.actor)
    return Status(204, None)


@router.post(
    "/users/{user_id}/deactivate",
    response=UserOut,
    operation_id="deactivate_user",
    summary="Deactivate a user",
)
@refuses(licensing.UserIsDeactivated, accounts.LastAdministrator)
@done_once
@needs(Permission.USER_DEACTIVATE)
def deactivate_user(request: ProgramRequest, user_id: UUID) -> UserOut:
    """Take access and license from a user; everything else stays, and it can be undone."""
    account = request.auth.account
    return _answer(request, licensing.deactivate_user(account, _user(request, user_id), by=request.actor))


@router.post(
    "/users/{user_id}/restore", response=UserOut, operation_id="restore_user", summary="Restore a user"
)
@refuses(licensing.UserIsActive, accounts.RoleAboveOwn)
@done_once
@needs(Permission.USER_DEACTIVATE)
def restore_user(request: ProgramRequest, user_id: UUID) -> UserOut:
    """Give a deactivated user access again; a license has to be assigned anew."""
    account = request.auth.account
    return _answer(request, licensing.restore_user(account, _user(request, user_id), by=request.actor))


@router.delete(
    "/users/{user_id}", response={204: None}, operation_id="delete_user", summary="Delete a user for good"
)
@refuses(accounts.LastAdministrator, accounts.RoleAboveOwn)
@needs(Permission.USER_DELETE)
def delete_user(request: ProgramRequest, user_id: UUID) -> Status[None]:
    """Erase a user's personal data for good. The journal keeps entries written before as they were written."""
    licensing.delete_user(request.auth.account, _user(request, user_id), by=request.actor)
    return Status(204, None)
