"""The account's domains."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Router, Status
from pydantic import Field

from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.documents import refuses
from valija.api.idempotency import done_once
from valija.api.pages import Items, listed
from valija.api.values import Cursor, In, Limit, Line, Out
from valija.domains import operations as domains
from valija.domains.models import Domain

router = Router(tags=["domains"])


STATES = ["waiting", "proved", "approved", "lost", "refused", "taken"]
StateShown = Annotated[str, Field(json_schema_extra={"enum": STATES})]


class DomainIn(In):
    name: Annotated[Line, Field(min_length=1, max_length=253, examples=["aurora.example"])]


class RecordOut(Out):
    """The DNS record that proves a domain."""

    name: str
    type: Literal["TXT"]
    value: str


class DomainOut(Out):
    """A domain. While it is waiting, its record approves it; `proved` is by DNS, `approved` by the provider, `lost` is proved
    but without its record, `taken` is another account's."""

    id: UUID
    name: str
    state: StateShown
    record: RecordOut
    claimed_at: datetime
    approved_at: datetime | None
    checked_at: datetime | None
    check_result: Annotated[str | None, Field(description="found, missing or no_answer")]

    @classmethod
    def of(cls, domain: Domain) -> "DomainOut":
        return cls(
            id=domain.pk, name=domain.name, state=domain.state,
            record=RecordOut(name=domain.record_name, type="TXT", value=domain.proof),
            claimed_at=domain.claimed_at, approved_at=domain.approved_at, checked_at=domain.checked_at,
            check_result=domain.check_result or None,
        )  # fmt: skip


@router.get("/domains", response=Items[DomainOut], operation_id="list_domains", summary="Domains")
@needs(Permission.DOMAIN_SEE)
def list_domains(request: ProgramRequest, cursor: Cursor = "", limit: Limit = 50) -> Items[DomainOut]:
    """The account's domains by name."""
    rows, next = listed(request.auth.account.domains.all(), by=("name", "id"), limit=limit, cursor=cursor)
    return Items(items=[DomainOut.of(domain) for domain in rows], next=next)


@router.get("/domains/{domain_id}", response=DomainOut, operation_id="show_domain", summary="A domain")
@needs(Permission.DOMAIN_SEE)
def show_domain(request: ProgramRequest, domain_id: UUID) -> DomainOut:
    """How a domain stands."""
    return DomainOut.of(get_object_or_404(request.auth.account.domains, pk=domain_id))


@router.post("/domains", response={201: DomainOut}, operation_id="claim_domain", summary="Claim a domain")
@refuses(
    domains.DomainNotValid,
    domains.PublicDomain,
    domains.ThrowAwayDomain,
    domains.DomainTaken,
    domains.TooManyDomainsWaiting,
)
@done_once
@needs(Permission.DOMAIN_CLAIM)
def claim_domain(request: ProgramRequest, domain: DomainIn) -> Status[DomainOut]:
    """Say that a domain is the account's own; its TXT record, or the provider, approves it."""
    return Status(
        201, DomainOut.of(domains.claim_domain(request.auth.account, domain.name, by=request.actor))
    )


@router.post(
    "/domains/{domain_id}/check",
    response=DomainOut,
    operation_id="check_domain",
    summary="Look for the record",
)
@refuses(domains.DomainRefused, domains.DomainGone, domains.DomainTaken, domains.CheckedJustNow)
@needs(Permission.DOMAIN_CLAIM)
def check_domain(request: ProgramRequest, domain_id: UUID) -> DomainOut:
    """Look for the domain's record now; it is looked for by itself too. It may take some seconds."""
    domain = get_object_or_404(request.auth.account.domains.select_related("account"), pk=domain_id)
    return DomainOut.of(domains.check_domain(domain, by=request.actor))


@router.delete(
    "/domains/{domain_id}", response={204: None}, operation_id="remove_domain", summary="Remove a domain"
)
@refuses(domains.DomainInUse, domains.DomainGone)
@needs(Permission.DOMAIN_CLAIM)
def remove_domain(request: ProgramRequest, domain_id: UUID) -> Status[None]:
    """Give a domain up, while nobody of the account has an address in it."""
    domain = get_object_or_404(request.auth.account.domains.select_related("account"), pk=domain_id)
    domains.remove_domain(domain, by=request.actor)
    return Status(204, None)
