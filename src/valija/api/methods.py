"""The payment method: the card that renewals are charged to."""

from datetime import date, datetime
from typing import Annotated

from django.http import Http404
from ninja import Router, Status
from pydantic import Field

from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.documents import refuses
from valija.api.idempotency import done_once
from valija.api.values import Out
from valija.billing import operations as billing
from valija.billing.providers import NoStoredMethod, ProviderNotAvailable

router = Router(tags=["payment method"])


class MethodOut(Out):
    """A stored card. Its number stays with the payment provider."""

    label: Annotated[str, Field(examples=["•••• 4242"])]
    expires_on: Annotated[date | None, Field(description="the last day on which it can be charged")]
    stored_at: datetime


class StoringPageOut(Out):
    """Where a person enters the card."""

    page: str


@router.get(
    "/payment-method", response=MethodOut, operation_id="show_method", summary="The stored payment method"
)
@needs(Permission.METHOD_STORE)
def show_method(request: ProgramRequest) -> MethodOut:
    """The card that renewals are charged to; 404 where none is stored."""
    method = billing.stored_method(request.auth.account)
    if method is None:
        raise Http404
    return MethodOut(label=method.label, expires_on=method.expires_on, stored_at=method.stored_at)


@router.post(
    "/payment-method", response={201: StoringPageOut}, operation_id="store_method", summary="Store a card"
)
@refuses(NoStoredMethod, ProviderNotAvailable)
@done_once
@needs(Permission.METHOD_STORE)
def store_method(request: ProgramRequest) -> Status[StoringPageOut]:
    """Open the provider's page on which a person enters a card; nothing is charged. It replaces the one that is stored."""
    page = billing.store_method(request.auth.account, request.auth.creator, by=request.actor)
    return Status(201, StoringPageOut(page=page.page_url))


@router.delete(
    "/payment-method", response={204: None}, operation_id="forget_method", summary="Forget the stored card"
)
@needs(Permission.METHOD_FORGET)
def forget_method(request: ProgramRequest) -> Status[None]:
    """Nothing is charged by itself any more."""
    billing.forget_method(request.auth.account, by=request.actor)
    return Status(204, None)
