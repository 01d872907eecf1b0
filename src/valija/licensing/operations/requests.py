"""Licenses that people ask for, and licenses that they take themselves where the account allows it."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import ClaimedPlan, License, LicenseRequest, Plan
from valija.licensing.operations.assigning import (
    AlreadyLicensed,
    NoLicenseAvailable,
    WrongKindOfPlan,
    assign_license,
)
from valija.licensing.operations.many import send_codes
from valija.licensing.operations.watching import look_again
from valija.mail import letters
from valija.mail import operations as mail

SERVED_AT_ONCE = 100


class RequestClosed(Refusal):
    code = "request_closed"
    sentence = _("This request is closed already: somebody has answered or withdrawn it.")


class RefusalReasonMissing(InvalidInput):
    code = "refusal_reason_missing"
    field = "reason"
    sentence = _("Please say why: the reason is sent to who asked.")


class PlanNotOffered(Refusal):
    code = "plan_not_offered"
    sentence = _("%(plan)s cannot be asked for.")


class ClaimNotAllowed(Refusal):
    code = "claim_not_allowed"
    sentence = _("Your account does not let its users claim %(plan)s licenses. You can ask for one.")


@transaction.atomic
def request_license(user: User, plan: Plan, reason: str, *, by: Actor) -> LicenseRequest:
    """Ask the administrators for a license. Asked again, it is the same request with the latest wish."""
    accounts.require_own(user, by=by)
    user = sql.locked(User.objects.select_related("account"), pk=user.pk)
    _require_none(user)
    _require_fitting(plan, user)
    if plan.withdrawn_at or plan.on_request:
        raise PlanNotOffered(plan=plan.name)
    reason = " ".join(reason.replace("\0", "").split())[:500]
    request = LicenseRequest.objects.open().filter(user=user).first()
    if request is not None and (request.plan_id, request.reason) == (plan.pk, reason):
        return request
    if request is not None and request.granted_at:
        return request  # it is on its way
    first = request is None
    request = request or LicenseRequest(account=user.account, user=user)
    request.plan, request.reason = plan, reason
    request.save()
    about: dict[str, Any] = {"user": user.email, "plan": plan.name, "reason": reason or "—"}
    journal.record(Event.LICENSE_REQUESTED, by=by, about=request, subject_id=user.pk, **about)
    if first:
        _tell_administrators(request, about)
    return request


def _tell_administrators(request: LicenseRequest, about: dict[str, Any]) -> None:
    user = request.user
    for administrator in request.account.users.administrators().exclude(pk=user.pk):
        data = {**about, "user": user.full_name, "email": user.email}
        mail.write_letter(
            letters.LICENSE_REQUESTED, administrator, link=f"{settings.URL}/licenses/requests", **data
        )


def _require_none(user: User) -> None:
    held = License.objects.filter(holder=user).select_related("plan").first()
    if held is not None:
        raise AlreadyLicensed(user=user.full_name, plan=held.plan.name)


def _require_fitting(plan: Plan, user: User) -> None:
    if plan.kind != user.kind:
        raise WrongKindOfPlan(plan=plan.name, user=user.full_name)


@transaction.atomic
def withdraw_request(request: LicenseRequest, *, by: Actor) -> None:
    """Take back what one has asked for; twice is once."""
    accounts.require_own(request.user, by=by)
    request = _held(request)
    if request.withdrawn_at:
        return
    _require_open(request)
    request.withdrawn_at = clock.now()
    request.save(update_fields=["withdrawn_at"])
    _record(Event.REQUEST_WITHDRAWN, request, by)


@transaction.atomic
def grant_from_pool(request: LicenseRequest, *, by: Actor) -> License:
    """Give who asked a license from the pool.

    Raises:
        NoLicenseAvailable: there is none; `grant_when_available` lets him wait for the next one.
    """
    by.require(Permission.LICENSE_ASSIGN, request.account)
    _hold_user(request)
    request = _held(request)
    _require_open(request)
    license = assign_license(request.account, request.plan, request.user, by=by)
    if request.granted_at is None:
        _grant(request, by)
    _settle(request, license)
    return license


@transaction.atomic
def grant_when_available(request: LicenseRequest, *, by: Actor) -> LicenseRequest:
    """Grant a request for which there is no license yet: the next one of the plan is his, before any rule's."""
    by.require(Permission.LICENSE_ASSIGN, request.account)
    request = _held(request)
    _require_open(request)
    if request.granted_at is None:
        _grant(request, by)
        look_again(request.account)
    return request


def _grant(request: LicenseRequest, by: Actor) -> None:
    request.granted_at, request.granted_by = clock.now(), by.label
    request.save(update_fields=["granted_at", "granted_by"])
    _record(Event.REQUEST_GRANTED, request, by)


def _settle(request: LicenseRequest, license: License | None) -> None:
    request.settled_at, request.license = clock.now(), license
    request.save(update_fields=["settled_at", "license"])


@transaction.atomic
def refuse_request(request: LicenseRequest, reason: str, *, by: Actor) -> None:
    """Say no, and why: who asked is told."""
    by.require(Permission.LICENSE_ASSIGN, request.account)
    reason = " ".join(reason.replace("\0", "").split())[:500]
    if not reason:
        raise RefusalReasonMissing
    request = _held(request)
    _require_open(request)
    request.refused_at, request.refusal_reason = clock.now(), reason
    request.save(update_fields=["refused_at", "refusal_reason"])
    _record(Event.REQUEST_REFUSED, request, by, reason=reason)
    refuser = by.label.partition(" <")[0]
    if request.user.is_active:
        mail.write_letter(
            letters.REQUEST_REFUSED, request.user, refuser=refuser, plan=request.plan.name, reason=reason
        )


def _hold_user(request: LicenseRequest) -> None:
    """Users before requests, as the clock takes them too."""
    sql.locked(User.objects.all(), pk=request.user_id)


def _held(request: LicenseRequest) -> LicenseRequest:
    rows = LicenseRequest.objects.select_related("account", "user", "plan")
    return sql.locked(rows, pk=request.pk)


def _require_open(request: LicenseRequest) -> None:
    if request.state not in ("asked", "waiting"):
        raise RequestClosed


def _record(event: Event, request: LicenseRequest, by: Actor, **data: Any) -> None:
    about: dict[str, Any] = {"user": request.user.email, "plan": request.plan.name, **data}
    journal.record(event, by=by, about=request, subject_id=request.user_id, **about)


def serve_waiting(account: Account, *, by: Actor) -> int:
    """Licenses for granted requests, in the order of the grants; requests of people who have one by now are settled."""
    settled = _settle_served(account)
    waiting = LicenseRequest.objects.waiting().filter(account=account, user__deactivated_at=None)
    served = 0
    for request in waiting.select_related("account", "user", "plan")[:SERVED_AT_ONCE]:
        served += _serve(request, by)
    return served + settled


def _settle_served(account: Account) -> int:
    held = LicenseRequest.objects.open().filter(account=account, user__license__isnull=False)
    return held.update(settled_at=clock.now())


@transaction.atomic
def _serve(request: LicenseRequest, by: Actor) -> int:
    _hold_user(request)
    request = _held(request)
    free = request.account.licenses.available(request.plan)
    if request.state != "waiting" or not free.exists():
        return 0
    giver = Actor(
        kind="clock", label=request.granted_by, everywhere=True, through="clock",
        permissions=frozenset({Permission.LICENSE_ASSIGN}),
    )  # fmt: skip
    try:
        with transaction.atomic():
            license = assign_license(request.account, request.plan, request.user, by=giver)
    except NoLicenseAvailable:  # somebody was a moment faster: next time
        return 0
    _settle(request, license)
    return 1


# Taking one oneself


@transaction.atomic
def claim_license(user: User, plan: Plan, *, by: Actor) -> License:
    """Take a license oneself, of a plan for which the account allows it."""
    accounts.require_own(user, by=by)
    user = sql.locked(User.objects.select_related("account"), pk=user.pk)
    account = user.account
    if not ClaimedPlan.objects.filter(account=account, plan=plan).exists():
        raise ClaimNotAllowed(plan=plan.name)
    _require_none(user)
    _require_fitting(plan, user)
    license = account.licenses.available(plan).select_related("subscription", "plan").locked_first()
    if license is None:
        raise NoLicenseAvailable(plan=plan.name)
    license.give_to(user)
    about: dict[str, Any] = {"plan": plan.name, "user": user.email, "license": license.pk}
    journal.record(Event.LICENSE_CLAIMED, by=by, about=license, subject_id=user.pk, **about)
    send_codes(letters.LICENSE_ASSIGNED, [(user, license)], {"giver": account.name, "account": account.name})
    LicenseRequest.objects.open().filter(user=user).update(settled_at=clock.now(), license=license)
    return license


@transaction.atomic
def allow_claims(account: Account, plans: list[Plan], *, by: Actor) -> None:
    """Say of which plans the account's users may take a license themselves; none is a choice too."""
    by.require(Permission.RULE_CHANGE, account)
    sql.locked(Account.objects.all(), pk=account.pk)
    wanted = {plan.pk: plan for plan in plans if plan.kind != Plan.Kind.API}
    now = set(ClaimedPlan.objects.filter(account=account).values_list("plan_id", flat=True))
    if now == set(wanted):
        return
    ClaimedPlan.objects.filter(account=account).exclude(plan__in=wanted).delete()
    ClaimedPlan.objects.bulk_create(
        ClaimedPlan(account=account, plan=plan) for key, plan in wanted.items() if key not in now
    )
    names = ", ".join(plan.name for plan in wanted.values()) or "—"
    journal.record(Event.CLAIMS_CHANGED, by=by, account_id=account.pk, plans=names)
