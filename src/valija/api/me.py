"""Who a token is, and what it may do."""

from datetime import datetime
from uuid import UUID

from ninja import Router

from valija.api.auth import ProgramRequest
from valija.api.values import Out

router = Router(tags=["me"])


class AccountOut(Out):
    id: UUID
    name: str
    country: str
    currency: str


class MeOut(Out):
    """The token itself, its account and the person who made it."""

    token: UUID
    name: str
    scopes: list[str]
    expires_at: datetime | None
    account: AccountOut
    creator: str


@router.get("/me", response=MeOut, operation_id="show_me", summary="This token")
def show_me(request: ProgramRequest) -> MeOut:
    """What this token is called, which account it acts for and which scopes it holds now."""
    token, account = request.auth, request.auth.account
    return MeOut(
        token=token.pk,
        name=token.name,
        scopes=sorted(request.actor.permissions),
        expires_at=token.expires_at,
        account=AccountOut(
            id=account.pk, name=account.name, country=account.country, currency=account.currency
        ),
        creator=token.creator.email,
    )
