"""Carrying rules out. The clock follows each account's journal: where people, groups, domains or licenses have changed, it
looks what the rules decide now and does it, some hundreds at a time, each batch whole or not at all.

Two workers on one account take turns; a killed one leaves only whole batches behind, and the account is due again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.tasks import task

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.core import actor, clock, sql
from valija.core.actor import Actor
from valija.core.ids import first_id_at
from valija.journal import journal
from valija.journal.events import Event
from valija.journal.models import Entry
from valija.licensing import rules
from valija.licensing.models import AutomaticLicenses, License, LicenseRule, RuleException
from valija.licensing.operations.assigning import NoLicenseAvailable, modify_license
from valija.licensing.operations.many import (
    give_licenses,
    licenses_of,
    locked_users,
    take_licenses,
    tell_withdrawn,
)
from valija.licensing.operations.requests import serve_waiting
from valija.licensing.precedence import Decision, Give
from valija.mail import letters
from valija.mail import operations as mail

BATCH = 300
LEASE = timedelta(minutes=2)
REST = timedelta(seconds=5)
LONGEST_RUN = timedelta(seconds=45)
# Entries are numbered when they are written and seen when their transaction ends: so long may that take.
SLACK = timedelta(seconds=30)
# Should a change ever go unnoticed, it is found after this.
UNASKED = timedelta(hours=6)
NEWS = ("user.", "group.", "domain.", "license.", "rule.", "request.", "order.", "subscription.")
BY = actor.clock()


@task
def apply_due() -> dict[str, int]:
    """Carry out the rules and the granted requests of every account in which something has happened."""
    done = {"accounts": 0, "changes": 0}
    until = clock.now() + LONGEST_RUN
    while clock.now() < until and (state := _claim()):
        done["accounts"] += 1
        done["changes"] += apply_rules(state.account, until=until)
    return done


@transaction.atomic
def _claim() -> AutomaticLicenses | None:
    """An account that is due, leased; where a killed worker held it, its lease runs out."""
    now = clock.now()
    news = Entry.objects.telling(NEWS).filter(account_id=OuterRef("account_id"), id__gt=OuterRef("seen_id"))
    due = AutomaticLicenses.objects.filter(
        Q(Exists(news)) | Q(looked_at=None) | Q(looked_at__lte=now - UNASKED), due_at__lte=now
    )
    state = sql.locked_first(due.select_related("account").order_by("due_at", "account_id"))
    if state is not None:
        state.due_at = now + LEASE
        state.save(update_fields=["due_at"])
    return state


def apply_rules(account: Account, *, until: datetime | None = None) -> int:
    """Do what the account's rules decide, batch after batch. How many licenses changed hands."""
    changes = 0
    while changed := _apply_batch(account):
        changes += changed
        if until is not None and clock.now() >= until:
            AutomaticLicenses.objects.filter(account=account).update(due_at=clock.now())
            return changes
    return changes


@transaction.atomic
def _apply_batch(account: Account) -> int:
    state = AutomaticLicenses.objects.select_for_update(of=("self",)).filter(account=account).first()
    if state is None:  # no rule has ever been switched on
        return 0
    state.looked_at = clock.now()
    served = serve_waiting(account, by=BY)
    ordered = rules.rules_on(account)
    idle = not ordered and not License.objects.filter(account=account, given_by__isnull=False).exists()
    made = Decision() if idle else rules.decision(account, ordered)
    changed = served + _carry_out(account, {rule.pk: rule for rule in ordered}, made)
    if not changed:
        _note_short(ordered, made)
        _forget_exceptions(account, made)
        # What is being written at this moment is seen only when it is whole: a little is looked at again.
        state.seen_id, state.due_at = first_id_at(clock.now() - SLACK), clock.now() + REST
    state.save()
    return changed


def _carry_out(account: Account, by_id: dict[UUID, LicenseRule], made: Decision) -> int:
    """The first so many changes of a decision. Each is looked at again under its lock: people act meanwhile."""
    by = _by(account)
    changed = _free(account, made.free[:BATCH], by)
    for license, upheld_by in made.keep[: BATCH - changed]:
        kept = License.objects.filter(pk=license, given_by__isnull=False)
        changed += kept.update(given_by=by_id[upheld_by])
    for key, rule in by_id.items():
        wanted = [give for give in made.give if give.rule == key][: max(0, BATCH - changed)]
        changed += _give(account, rule, [give.person for give in wanted if give.instead_of is None], by)
        changed += sum(_move(account, rule, give, by) for give in wanted if give.instead_of is not None)
    return changed


def _by(account: Account) -> Actor:
    """The clock, in the name of the account: its people read who gave them a license."""
    return Actor(
        kind="clock", label=account.name, account_id=account.pk, through="clock",
        permissions=frozenset({Permission.LICENSE_ASSIGN}),
    )  # fmt: skip


def _free(account: Account, keys: Sequence[UUID], by: Actor) -> int:
    """Licenses that no rule upholds go back. Users are held before licenses, as everywhere."""
    if not keys:
        return 0
    given = License.objects.filter(pk__in=keys, given_by__isnull=False, holder__isnull=False)
    users = {user.pk: user for user in locked_users(account, list(given.values_list("holder_id", flat=True)))}
    licenses = (
        given.filter(holder__in=users).select_related("plan").select_for_update(of=("self",)).order_by("id")
    )
    held = [(users[license.holder_id], license) for license in licenses if license.holder_id]
    take_licenses(account, held, by=by)
    tell_withdrawn([(user, license) for user, license in held if user.is_active], by=by)
    return len(held)


def _give(account: Account, rule: LicenseRule, wanted: Sequence[UUID], by: Actor) -> int:
    """To each a license, as far as they reach. Whom somebody has licensed meanwhile has been served."""
    if not wanted:
        return 0
    users = {user.pk: user for user in locked_users(account, wanted) if user.is_active}
    held = licenses_of(users.values())
    still = [users[key] for key in wanted if key in users and key not in held]
    return len(give_licenses(account, rule.plan, still, by=by, rule=rule))


def _move(account: Account, rule: LicenseRule, give: Give, by: Actor) -> int:
    """From the license that a lower rule gave to one of this rule's plan, if it is still so and one is left."""
    users = [user for user in locked_users(account, [give.person]) if user.is_active]
    still = License.objects.filter(holder__in=users, pk=str(give.instead_of), given_by__isnull=False)
    if not still.exists():
        return 0
    try:
        with transaction.atomic():
            license = modify_license(account, rule.plan, users[0], by=by)
    except NoLicenseAvailable:
        return 0
    return License.objects.filter(pk=license.pk).update(given_by=rule)


def _note_short(ordered: Sequence[LicenseRule], made: Decision) -> None:
    """Tell the administrators of a rule that has too few licenses, once until it has enough again."""
    for rule in ordered:
        waiting = len(made.waits.get(rule.pk, ()))
        if waiting and rule.short_since is None:
            rule.short_since = clock.now()
            rule.save(update_fields=["short_since"])
            about: dict[str, Any] = {"plan": rule.plan.name, "carrier": rule.in_words, "waiting": waiting}
            journal.record(Event.RULE_SHORT, by=BY, about=rule, **about)
            for administrator in rule.account.users.administrators():
                data = {**about, "carrier": rule.carrier}
                link = f"{settings.URL}/licenses/automatic/{rule.pk}"
                mail.write_letter(letters.RULE_SHORT, administrator, link=link, **data)
        elif not waiting and rule.short_since is not None:
            rule.short_since = None
            rule.save(update_fields=["short_since"])


def _forget_exceptions(account: Account, made: Decision) -> None:
    """Who fits no rule any longer starts afresh should he come back."""
    RuleException.objects.filter(account=account).exclude(user__in=made.fitting).delete()
