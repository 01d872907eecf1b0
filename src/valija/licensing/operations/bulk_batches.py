"""Bulk acts at work: batch by batch, each a transaction, so that a killed worker loses none and repeats none."""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.tasks import task

from valija.accounts.models import Account, User
from valija.accounts.permissions import OF_ROLE, SCOPES, Permission, Role
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import NotPermitted
from valija.licensing.models import BulkAct, BulkRow, RowState
from valija.licensing.operations.addresses import move_addresses
from valija.licensing.operations.assigning import except_from_rules
from valija.licensing.operations.leaving import deactivate, restore
from valija.licensing.operations.many import (
    give_licenses,
    licenses_of,
    locked_users,
    send_activations,
    take_licenses,
    tell_withdrawn,
)
from valija.licensing.operations.working import LEASE, actor_of, claim

BATCH = 500
Act = BulkAct.Act
Result = tuple[str, str, UUID | None]  # state, reason, license
Users = Sequence[User]
Rows = dict[UUID, BulkRow]  # by user
Batch = Callable[[BulkAct, Users, Rows, Actor], dict[UUID, Result]]


@task
def work_due() -> int:
    """Do bulk acts that are due, each under a lease; says how many batches."""
    batches = 0
    while (bulk := claim(BulkAct)) is not None:
        while batch_done(bulk.pk):
            batches += 1
    return batches


@transaction.atomic
def batch_done(key: UUID) -> bool:
    """The next batch of an act; false when there is none left."""
    bulk = BulkAct.objects.select_related("plan").get(pk=key)
    # What moves people in and out holds the account: an administrator must remain, and another may leave at this moment.
    account = sql.locked(Account.objects.all(), pk=bulk.account_id)
    bulk = sql.locked(BulkAct.objects.select_related("plan"), pk=key)
    if bulk.due_at is None:
        return False
    undoing = bulk.undone_at is not None
    waiting = bulk.rows.filter(state=RowState.DONE if undoing else RowState.READY).order_by("id")
    rows = {row.user_id: row for row in waiting[:BATCH]}
    if not rows:
        _finish(bulk, undoing)
        return False
    by = actor_of(bulk)
    try:
        with transaction.atomic():
            users = locked_users(account, rows.keys())
            results = (UNDOING if undoing else DOING)[Act(bulk.act)](bulk, users, rows, by)
    except NotPermitted:
        bulk.stopped_at, bulk.due_at = clock.now(), None
        bulk.save(update_fields=["stopped_at", "due_at"])
        return False
    _note(bulk, rows, results, undoing)
    return True


def _finish(bulk: BulkAct, undoing: bool) -> None:
    now = clock.now()
    bulk.due_at = None
    if undoing:
        bulk.undo_finished_at = now
    else:
        bulk.finished_at = now
    bulk.save(update_fields=["due_at", "undo_finished_at", "finished_at"])


def _note(bulk: BulkAct, rows: Rows, results: dict[UUID, Result], undoing: bool) -> None:
    """What became of each row; the lease is renewed."""
    gone: Result = (RowState.KEPT if undoing else RowState.FAILED, "not_a_user_of_this_account", None)
    told = [(row.pk, *results.get(user, gone)) for user, row in rows.items()]
    sql.update_each(BulkRow, told, ("state", "reason", "license_id"))
    good = sum(state in {RowState.DONE, RowState.UNDONE} for _key, state, _reason, _license in told)
    counted = ("undone", "kept") if undoing else ("done", "failed")
    BulkAct.objects.filter(pk=bulk.pk).update(
        due_at=clock.now() + LEASE,
        **{counted[0]: F(counted[0]) + good, counted[1]: F(counted[1]) + len(told) - good},
    )


def _failed(reason: str) -> Result:
    return RowState.FAILED, reason, None


def _assign(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    by.require(Permission.LICENSE_ASSIGN, bulk.account)
    assert bulk.plan is not None
    held, results, ready = licenses_of(users), dict[UUID, Result](), list[User]()
    for user in users:
        if not user.is_active:
            results[user.pk] = _failed("user_not_active")
        elif user.pk in held:
            results[user.pk] = _failed("already_licensed")
        elif user.kind != bulk.plan.kind:
            results[user.pk] = _failed("wrong_kind_of_plan")
        else:
            ready.append(user)
    account = users[0].account if users else bulk.account
    for user, license in give_licenses(account, bulk.plan, ready, by=by):
        results[user.pk] = (RowState.DONE, "", license.pk)
    for user in ready:
        results.setdefault(user.pk, _failed("no_license_available"))
    return results


def _withdraw(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    by.require(Permission.LICENSE_ASSIGN, bulk.account)
    held = licenses_of(users)
    taken = [(user, held[user.pk]) for user in users if user.pk in held]
    take_licenses(bulk.account, taken, by=by)
    except_from_rules(bulk.account, [user for user, _license in taken])
    tell_withdrawn(taken, by=by)
    results: dict[UUID, Result] = {user.pk: _failed("not_licensed") for user in users}
    results.update({user.pk: (RowState.DONE, "", license.pk) for user, license in taken})
    return results


def _send(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    by.require(Permission.LICENSE_ASSIGN, bulk.account)
    held = licenses_of(users)
    told = [(user, held[user.pk]) for user in users if user.pk in held and user.is_active]
    send_activations(bulk.account, told, by=by)
    results: dict[UUID, Result] = {
        user.pk: _failed("not_licensed" if user.is_active else "user_not_active") for user in users
    }
    results.update({user.pk: (RowState.DONE, "", license.pk) for user, license in told})
    return results


def _deactivate(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    by.require(Permission.USER_DEACTIVATE, bulk.account)
    results, leaving = dict[UUID, Result](), list[User]()
    staying = _administrators_without(bulk.account, users)
    for user in users:
        if not user.is_active:
            results[user.pk] = _failed("user_is_deactivated")
        elif by.kind == "user" and by.id == str(user.pk):
            results[user.pk] = _failed("not_oneself")
        elif user.role == Role.ADMINISTRATOR and not staying:
            results[user.pk], staying = _failed("last_administrator"), 1
        else:
            leaving.append(user)
    held = licenses_of(leaving)
    deactivate(bulk.account, leaving, by=by)
    for user in leaving:
        results[user.pk] = (RowState.DONE, "", held[user.pk].pk if user.pk in held else None)
    return results


def _administrators_without(account: Account, users: Users) -> int:
    leaving = [user.pk for user in users]
    number: int = account.users.administrators().exclude(pk__in=leaving).count()
    return number


def _restore(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    by.require(Permission.USER_DEACTIVATE, bulk.account)
    results, coming = dict[UUID, Result](), list[User]()
    for user in users:
        if user.is_active:
            results[user.pk] = _failed("user_is_active")
        elif not OF_ROLE[user.role] & SCOPES <= by.permissions:
            results[user.pk] = _failed("role_above_own")
        else:
            coming.append(user)
    restore(bulk.account, coming, by=by)
    results.update({user.pk: (RowState.DONE, "", None) for user in coming})
    return results


def _move(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    by.require(Permission.USER_CHANGE, bulk.account)
    written = {
        bulk.old_domain,
        *(each.in_words for each in bulk.account.domains.filter(name=bulk.old_domain)),
    }
    meant = {user.pk: rows[user.pk].address for user in users}
    if not bulk.account.domains.approved().filter(name=bulk.new_domain).exists():
        return {user.pk: _failed("domain_not_approved") for user in users}
    still = [user for user in users if user.email.rpartition("@")[2] in written]
    before = {user.pk: user.email for user in still}
    moved = move_addresses(bulk.account, [(user, meant[user.pk]) for user in still], by=by)
    results: dict[UUID, Result] = {user.pk: _failed("changed_meanwhile") for user in users}
    for user in still:
        results[user.pk] = (RowState.DONE, "", None) if user.pk in moved else _failed("address_taken")
        rows[user.pk].address = before[user.pk] if user.pk in moved else rows[user.pk].address
    _keep_addresses(rows)
    return results


def _keep_addresses(rows: Rows) -> None:
    """From now on a row holds the address that it would go back to."""
    sql.update_each(BulkRow, [(row.pk, row.address) for row in rows.values()], ("address",))


# Undoing: whoever was changed since stays as he is.


def _kept(users: Users) -> dict[UUID, Result]:
    return {user.pk: (RowState.KEPT, "changed_meanwhile", None) for user in users}


def _undo_assign(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    held = licenses_of(users)
    same = [user for user in users if user.pk in held and held[user.pk].pk == rows[user.pk].license_id]
    undone = _withdraw(bulk, same, rows, by)
    return {**_kept(users), **_as_undone(undone)}


def _undo_withdraw(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    by.require(Permission.LICENSE_ASSIGN, bulk.account)
    free = {license.pk: license for license in _free(bulk, rows)}
    held, results = licenses_of(users), _kept(users)
    for plan in {license.plan for license in free.values()}:
        ready = [
            user
            for user in users
            if user.is_active and user.pk not in held and user.kind == plan.kind
            and (own := free.get(rows[user.pk].license_id)) is not None and own.plan_id == plan.pk
        ]  # fmt: skip
        for user, license in give_licenses(bulk.account, plan, ready, by=by):
            results[user.pk] = (RowState.UNDONE, "", license.pk)
    return results


def _free(bulk: BulkAct, rows: Rows) -> list:  # type: ignore[type-arg]
    """Those that were taken and that nobody has got since."""
    keys = [row.license_id for row in rows.values() if row.license_id]
    return list(bulk.account.licenses.available().filter(pk__in=keys).select_related("plan"))


def _undo_deactivate(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    return {**_kept(users), **_as_undone(_restore(bulk, users, rows, by))}


def _undo_restore(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    return {**_kept(users), **_as_undone(_deactivate(bulk, users, rows, by))}


def _undo_move(bulk: BulkAct, users: Users, rows: Rows, by: Actor) -> dict[UUID, Result]:
    back = BulkAct(account=bulk.account, old_domain=bulk.new_domain, new_domain=bulk.old_domain)
    return {**_kept(users), **_as_undone(_move(back, users, rows, by))}


def _as_undone(results: dict[UUID, Result]) -> dict[UUID, Result]:
    return {
        user: (RowState.UNDONE, "", license) if state == RowState.DONE else (RowState.KEPT, reason, license)
        for user, (state, reason, license) in results.items()
    }


DOING: dict[Act, Batch] = {
    Act.ASSIGN: _assign, Act.WITHDRAW: _withdraw, Act.SEND_ACTIVATION: _send, Act.DEACTIVATE: _deactivate,
    Act.RESTORE: _restore, Act.MOVE_DOMAIN: _move,
}  # fmt: skip
UNDOING: dict[Act, Batch] = {
    Act.ASSIGN: _undo_assign, Act.WITHDRAW: _undo_withdraw, Act.DEACTIVATE: _undo_deactivate,
    Act.RESTORE: _undo_restore, Act.MOVE_DOMAIN: _undo_move,
}  # fmt: skip
