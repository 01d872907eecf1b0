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
from valija.core import actor, clock, sql
from valija.core.ids import first_id_at
from valija.journal import journal
from valija.journal.events import Event
from valija.journal.models import Entry
from valija.licensing import rules
from valija.licensing.models import AutomaticLicenses, License, LicenseRule, RuleException
from valija.licensing.operations.giving import (
    give_each,
    held_users,
    release_each,
    take_available,
    take_each_back,
    tell_given,
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
    changed = _free(account, made.free[:BATCH])
    for license, upheld_by in made.keep[: BATCH - changed]:
        kept = License.objects.filter(pk=license, given_by__isnull=False)
        changed += kept.update(given_by=by_id[upheld_by])
    for key, rule in by_id.items():
        wanted = [give for give in made.give if give.rule == key][: max(0, BATCH - changed)]
        if wanted:
            changed += _give(account, rule, wanted)
    return changed


def _free(account: Account, keys: Sequence[UUID]) -> int:
    """Licenses that no rule upholds go back. Users before licenses, as everywhere."""
    if not keys:
        return 0
    holders = License.objects.filter(pk__in=keys, holder__isnull=False).values_list("holder_id", flat=True)
    _hold_all(account, list(holders))
    found = account.licenses.filter(pk__in=keys, given_by__isnull=False).select_related("holder", "plan")
    licenses = list(found.order_by("id").select_for_update(of=("self",)))
    take_each_back(account, licenses, by=BY)
    return len(licenses)


def _hold_all(account: Account, keys: Sequence[UUID]) -> None:
    list(account.users.filter(pk__in=keys).order_by("id").select_for_update(of=("self",)))


def _give(account: Account, rule: LicenseRule, wanted: Sequence[Give]) -> int:
    users = held_users(account, [give.person for give in wanted])
    held = {
        license.holder_id: license
        for license in account.licenses.filter(holder__in=users).select_related("holder", "plan")
    }
    # Whom somebody has licensed meanwhile has been served; who was to change has to hold what he held.
    still = [
        users[give.person]
        for give in wanted
        if give.person in users
        and (held[give.person].pk if give.person in held else None) == give.instead_of
        and (give.person not in held or held[give.person].given_by_id)
    ]
    licenses = take_available(account, rule.plan, len(still))
    served = still[: len(licenses)]
    olds = {user.pk: held[user.pk] for user in served if user.pk in held}
    release_each(list(olds.values()))
    give_each(licenses, served, rule=rule)
    tell_given(account, licenses, by=BY, rule=rule, instead_of=olds)
    return len(licenses)


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
