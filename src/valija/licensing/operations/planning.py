"""Changes with a date: planned, taken back, and carried out by the clock when their day begins."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.tasks import task
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core import actor, clock, facts, sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Plan, PlannedChange
from valija.licensing.operations.assigning import (
    NotAUserOfThisAccount,
    UserNotActive,
    WrongKindOfPlan,
    assign_license,
    withdraw_license,
)
from valija.licensing.operations.removing import NumberNotValid, remove_licenses
from valija.licensing.operations.transferring import SameUser, transfer_license
from valija.mail import letters
from valija.mail import operations as mail

FARTHEST = timedelta(days=731)
LONGEST_RUN = timedelta(seconds=45)
Kind = PlannedChange.Kind


class DayNotValid(InvalidInput):
    code = "day_not_valid"
    field = "on"
    sentence = _(
        "Choose a day after today (%(today)s in your account's time zone), within the next two years."
    )


class ChangeClosed(Refusal):
    code = "change_closed"
    sentence = _("This change has been made already, or taken back.")


class UserGone(Refusal):
    code = "user_gone"
    sentence = _("The user is no longer in the account.")


WHAT: dict[str, str | Promise] = {
    Kind.ASSIGN: _("assign a %(plan)s license to %(user)s"),
    Kind.WITHDRAW: _("withdraw the license of %(user)s"),
    Kind.TRANSFER: _("transfer the license of %(user)s to %(to)s"),
    Kind.REMOVE: _("remove %(quantity)s %(plan)s licenses"),
}


def plan_assignment(account: Account, plan: Plan, user: User, on: date, *, by: Actor) -> PlannedChange:
    """On that day the user gets a license of the plan, from what is available then."""
    by.require(Permission.LICENSE_ASSIGN, account)
    _require_user(account, user)
    if not user.is_active:
        raise UserNotActive(user=user.full_name)
    if plan.kind != user.kind:
        raise WrongKindOfPlan(plan=plan.name, user=user.full_name)
    return _plan(PlannedChange(account=account, kind=Kind.ASSIGN, plan=plan, user=user, on=on), by)


def plan_withdrawal(account: Account, user: User, on: date, *, by: Actor) -> PlannedChange:
    """On that day the user's license, whichever he holds then, goes back to the pool."""
    by.require(Permission.LICENSE_ASSIGN, account)
    _require_user(account, user)
    return _plan(PlannedChange(account=account, kind=Kind.WITHDRAW, user=user, on=on), by)


def plan_transfer(account: Account, user: User, to: User, on: date, *, by: Actor) -> PlannedChange:
    """On that day the license that the user holds then goes to another user."""
    by.require(Permission.LICENSE_ASSIGN, account)
    _require_user(account, user)
    _require_user(account, to)
    if user.pk == to.pk:
        raise SameUser(user=user.full_name)
    return _plan(PlannedChange(account=account, kind=Kind.TRANSFER, user=user, to=to, on=on), by)


def plan_removal(
    account: Account, plan: Plan, interval: str, number: int, on: date, *, by: Actor
) -> PlannedChange:
    """On that day so many licenses that nobody holds end, for good and without a refund."""
    by.require(Permission.LICENSE_REMOVE, account)
    if number < 1:
        raise NumberNotValid
    change = PlannedChange(
        account=account, kind=Kind.REMOVE, plan=plan, interval=interval, quantity=number, on=on
    )
    return _plan(change, by)


def _require_user(account: Account, user: User) -> None:
    if user.account_id != account.pk:
        raise NotAUserOfThisAccount


def today_of(account: Account) -> date:
    """The day it is where the account is."""
    return clock.now().astimezone(ZoneInfo(account.time_zone)).date()


def begins(account: Account, day: date) -> datetime:
    """The first moment of a day in the account's time zone."""
    return datetime.combine(day, time(), ZoneInfo(account.time_zone))


@transaction.atomic
def _plan(change: PlannedChange, by: Actor) -> PlannedChange:
    account = change.account
    today = today_of(account)
    if not today < change.on <= today + FARTHEST:
        raise DayNotValid(today=facts.day(today))
    change.due_at = begins(account, change.on)
    if by.kind == "user":
        change.planner = User.objects.filter(pk=by.id).first()
    else:
        change.planner_label = by.label.partition(" (")[0]
    try:
        with transaction.atomic():
            change.save(force_insert=True)
    except IntegrityError:  # planned twice is planned once; the later wish is the one that counts
        return _replaced(change, by)
    _record(Event.CHANGE_PLANNED, change, by)
    return change


def _replaced(change: PlannedChange, by: Actor) -> PlannedChange:
    there = PlannedChange.objects.open().filter(user=change.user, kind=change.kind, on=change.on)
    found = sql.locked(there)
    if (found.plan_id, found.to_id) != (change.plan_id, change.to_id):
        found.plan, found.to = change.plan, change.to
        found.planner, found.planner_label = change.planner, change.planner_label
        found.save(update_fields=["plan", "to", "planner", "planner_label"])
        _record(Event.CHANGE_PLANNED, found, by)
    return found


def what(change: PlannedChange) -> str:
    """What is to be done, in the reader's language."""
    return str(WHAT[change.kind]) % _data(change)


def _data(change: PlannedChange) -> dict[str, object]:
    return {
        "plan": change.plan.name if change.plan else "",
        "user": _named(change.user),
        "to": _named(change.to),
        "quantity": change.quantity,
    }


def _named(user: User | None) -> str | Promise:
    return _("a deleted user") if user is None or user.erased_at else user.full_name


def _record(event: Event, change: PlannedChange, by: Actor, **data: Any) -> None:
    journal.record(
        event, by=by, about=change, subject_id=change.user_id or "", day=change.on, what=_told(change), **data
    )  # fmt: skip


def _told(change: PlannedChange) -> facts.Told:
    return facts.Told(WHAT[change.kind], _data(change))


@transaction.atomic
def take_back_change(change: PlannedChange, *, by: Actor) -> PlannedChange:
    """What was planned does not happen; what could not be done leaves the list. Twice is once."""
    by.require(Permission.LICENSE_ASSIGN, change.account)
    change = _held(change)
    if change.done_at:
        raise ChangeClosed
    if change.taken_back_at is None:
        change.taken_back_at = clock.now()
        change.save(update_fields=["taken_back_at"])
        _record(Event.CHANGE_TAKEN_BACK, change, by)
    return change


def _held(change: PlannedChange) -> PlannedChange:
    return sql.locked(
        PlannedChange.objects.select_related("account", "user", "to", "plan", "planner"), pk=change.pk
    )


@task
def carry_out_due() -> dict[str, int]:
    """Make the changes whose day has begun, each in a transaction of its own."""
    done = {"done": 0, "failed": 0}
    until = clock.now() + LONGEST_RUN
    while clock.now() < until and (outcome := _carry_out_next()):
        done[outcome] += 1
    return done


@transaction.atomic
def _carry_out_next() -> str | None:
    due = PlannedChange.objects.open().filter(due_at__lte=clock.now()).order_by("due_at", "id")
    rows = due.select_related("account", "user", "to", "plan", "planner")
    # One that another worker holds is being made: leave it to him.
    change = rows.select_for_update(skip_locked=True, of=("self",)).first()
    if change is None:
        return None
    try:
        with transaction.atomic():
            ACTS[change.kind](change, _in_the_name_of(change))
    except Refusal as refusal:
        _fail(change, refusal)
        return "failed"
    change.done_at = clock.now()
    change.save(update_fields=["done_at"])
    return "done"


def _in_the_name_of(change: PlannedChange) -> Actor:
    """The clock, for whoever planned it: he was allowed to then, and his colleagues could have taken it back."""
    return Actor(
        kind="clock", label=change.planned_by, account_id=change.account_id, through="clock",
        permissions=frozenset({Permission.LICENSE_ASSIGN, Permission.LICENSE_REMOVE}),
    )  # fmt: skip


def _still_here(user: User | None) -> User:
    if user is None or user.erased_at:
        raise UserGone
    return user


def _assign(change: PlannedChange, by: Actor) -> None:
    assert change.plan is not None
    assign_license(change.account, change.plan, _still_here(change.user), by=by)


def _withdraw(change: PlannedChange, by: Actor) -> None:
    withdraw_license(change.account, _still_here(change.user), by=by)


def _transfer(change: PlannedChange, by: Actor) -> None:
    user, to = _still_here(change.user), _still_here(change.to)
    transfer_license(change.account, user, to, by=by)


def _remove(change: PlannedChange, by: Actor) -> None:
    assert change.plan is not None
    remove_licenses(change.account, change.plan, change.interval, change.quantity, by=by)


ACTS: dict[str, Callable[[PlannedChange, Actor], None]] = {
    Kind.ASSIGN: _assign, Kind.WITHDRAW: _withdraw, Kind.TRANSFER: _transfer, Kind.REMOVE: _remove,
}  # fmt: skip


def _fail(change: PlannedChange, refusal: Refusal) -> None:
    """It stays in the list, and who planned it and the administrators are told."""
    reason = facts.Told(refusal.sentence, refusal.data)
    change.failed_at, change.reason = clock.now(), facts.store(reason)
    change.save(update_fields=["failed_at", "reason"])
    _record(Event.CHANGE_FAILED, change, actor.clock(), reason=reason)
    readers = {each.pk: each for each in change.account.users.administrators()}
    if change.planner is not None and change.planner.is_active:
        readers[change.planner.pk] = change.planner
    for reader in readers.values():
        mail.write_letter(
            letters.CHANGE_FAILED, reader, link=f"{settings.URL}/licenses/planned",
            planner=change.planned_by.partition(" <")[0], day=change.on, what=_told(change), reason=reason,
        )  # fmt: skip
