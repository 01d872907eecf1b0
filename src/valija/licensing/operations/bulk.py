"""The same for many people: first a plan, then applied in the background, then undone where it can be."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.domains import operations as domains
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import BulkAct, BulkRow, Plan, RowState
from valija.licensing.operations.bulk_batches import work_due
from valija.licensing.operations.working import WorkNotPlanned, maker_of, stored

UNDO_FOR = timedelta(days=7)
MOST = 100_000  # people of one act
Act = BulkAct.Act
NEEDS = {
    Act.ASSIGN: Permission.LICENSE_ASSIGN,
    Act.WITHDRAW: Permission.LICENSE_ASSIGN,
    Act.SEND_ACTIVATION: Permission.LICENSE_ASSIGN,
    Act.DEACTIVATE: Permission.USER_DEACTIVATE,
    Act.RESTORE: Permission.USER_DEACTIVATE,
    Act.MOVE_DOMAIN: Permission.USER_CHANGE,
}
CAN_BE_UNDONE = {Act.ASSIGN, Act.WITHDRAW, Act.DEACTIVATE, Act.RESTORE, Act.MOVE_DOMAIN}


class NobodyChosen(InvalidInput):
    code = "nobody_chosen"
    sentence = _("Choose at least one person.")


class CannotBeUndone(Refusal):
    code = "cannot_be_undone"
    sentence = _("This can no longer be undone.")


@transaction.atomic
def plan_bulk_act(
    account: Account,
    act: str,
    users: Any,
    *,
    by: Actor,
    plan: Plan | None = None,
    search: dict[str, str] | None = None,
) -> BulkAct:
    """Look at each of these users what the act would do; nothing is done yet. `users` is a QuerySet of the account's."""
    by.require(NEEDS[Act(act)], account)
    if (act == Act.ASSIGN) != (plan is not None) or act == Act.MOVE_DOMAIN:
        raise accounts.ChoiceNotValid(value=act)
    bulk = BulkAct(account=account, act=act, plan=plan, search=search or {})
    people = users.values_list("pk", "kind", "role", "deactivated_at", "license__id").order_by("pk")[:MOST]
    rows = (
        BulkRow(act=bulk, user_id=key, reason=_reason(bulk, by, key, *about))
        for key, *about in people.iterator(chunk_size=2000)
    )
    return _planned(bulk, rows, by)


def _reason(bulk: BulkAct, by: Actor, key: Any, kind: str, role: str, gone: Any, license: Any) -> str:
    """Why this person is left out, as things stand; empty if he is not."""
    if bulk.act in {Act.DEACTIVATE, Act.RESTORE}:
        if bulk.act == Act.RESTORE:
            return "" if gone else "user_is_active"
        if gone:
            return "user_is_deactivated"
        return "not_oneself" if by.kind == "user" and str(key) == by.id else ""
    if bulk.act == Act.ASSIGN:
        if gone:
            return "user_not_active"
        if license:
            return "already_licensed"
        return "wrong_kind_of_plan" if bulk.plan and bulk.plan.kind != kind else ""
    if not license:
        return "not_licensed"
    return "user_not_active" if gone and bulk.act == Act.SEND_ACTIVATION else ""


@transaction.atomic
def plan_domain_move(account: Account, old: str, new: str, *, by: Actor) -> BulkAct:
    """Look at each address of a domain what it would be in another one, which the account has proved to be its own."""
    by.require(Permission.USER_CHANGE, account)
    old, new = domains.normal_domain(old), domains.normal_domain(new)
    domain = account.domains.approved().filter(name=new).first()
    if domain is None or old == new:
        raise domains.DomainNotApproved(domain=new)
    bulk = BulkAct(account=account, act=Act.MOVE_DOMAIN, old_domain=old, new_domain=new)
    written = {old, *(each.in_words for each in account.domains.filter(name=old))}
    moving = [
        (key, f"{email.rpartition('@')[0]}@{domain.in_words}")
        for ending in sorted(written)
        for key, email in account.users.filter(email__endswith=f"@{ending}").values_list("pk", "email")
    ]
    taken = set[str]()
    for start in range(0, len(moving), 500):
        asked = [email for _key, email in moving[start : start + 500]]
        taken.update(User.objects.filter(email__in=asked).values_list("email", flat=True))
    rows = (
        BulkRow(act=bulk, user_id=key, address=email, reason="address_taken" if email in taken else "")
        for key, email in moving
    )
    return _planned(bulk, rows, by)


def _planned(bulk: BulkAct, rows: Iterator[BulkRow], by: Actor) -> BulkAct:
    bulk.maker_id, bulk.actor = maker_of(by), stored(by)
    bulk.save(force_insert=True)
    batch = list[BulkRow]()
    for row in rows:
        if row.reason:
            row.state = RowState.REFUSED
        bulk.total += 1
        bulk.ready += row.state == RowState.READY
        batch.append(row)
        if len(batch) == 2000:
            BulkRow.objects.bulk_create(batch, batch_size=500)
            batch.clear()
    BulkRow.objects.bulk_create(batch, batch_size=500)
    if not bulk.total:
        raise NobodyChosen
    bulk.refused = bulk.total - bulk.ready
    bulk.save(update_fields=["total", "ready", "refused"])
    return bulk


@transaction.atomic
def apply_bulk_act(bulk: BulkAct, *, by: Actor) -> BulkAct:
    """Let the worker do what was planned. Pressed twice, it is done once."""
    by.require(NEEDS[Act(bulk.act)], bulk.account)
    bulk = _held(bulk)
    if bulk.applied_at:
        return bulk
    if not bulk.ready:
        raise WorkNotPlanned
    bulk.maker_id, bulk.actor = maker_of(by), stored(by)
    bulk.applied_at = bulk.due_at = clock.now()
    bulk.save(update_fields=["maker", "actor", "applied_at", "due_at"])
    journal.record(Event.BULK_ACT_APPLIED, by=by, about=bulk, act=Act(bulk.act).label, number=bulk.ready)
    work_due.enqueue()
    return bulk


@transaction.atomic
def discard_bulk_act(bulk: BulkAct, *, by: Actor) -> None:
    """Throw a plan away that was not applied."""
    by.require(NEEDS[Act(bulk.act)], bulk.account)
    bulk = _held(bulk)
    if bulk.applied_at:
        raise WorkNotPlanned
    bulk.delete()


@transaction.atomic
def undo_bulk_act(bulk: BulkAct, *, by: Actor) -> BulkAct:
    """Undo what was done, but for those who were changed since. Pressed twice, it is undone once."""
    by.require(NEEDS[Act(bulk.act)], bulk.account)
    bulk = _held(bulk)
    if bulk.undone_at:
        return bulk
    until = undo_until(bulk)
    if until is None or until <= clock.now():
        raise CannotBeUndone
    bulk.maker_id, bulk.actor = maker_of(by), stored(by)
    bulk.undone_at = bulk.due_at = clock.now()
    bulk.save(update_fields=["maker", "actor", "undone_at", "due_at"])
    journal.record(Event.BULK_ACT_UNDONE, by=by, about=bulk, act=Act(bulk.act).label, number=bulk.done)
    work_due.enqueue()
    return bulk


def undo_until(bulk: BulkAct) -> Any:
    """Until when it can be undone; nothing if it cannot."""
    if bulk.act not in CAN_BE_UNDONE or not bulk.finished_at or not bulk.done:
        return None
    return bulk.finished_at + UNDO_FOR


@transaction.atomic
def forget_bulk_acts(kept: timedelta) -> None:
    """Remove acts that nobody needs any more; the journal keeps what they did."""
    BulkAct.objects.filter(planned_at__lt=clock.now() - kept, due_at=None).delete()


def _held(bulk: BulkAct) -> BulkAct:
    try:
        return sql.locked(BulkAct.objects.select_related("account", "plan"), pk=bulk.pk)
    except BulkAct.DoesNotExist as gone:
        raise WorkNotPlanned from gone
