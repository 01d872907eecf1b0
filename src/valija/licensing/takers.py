"""Who took the last license, as the journal tells."""

from datetime import timedelta

from valija.accounts.models import Account
from valija.core import clock
from valija.core.actor import Actor
from valija.journal.events import Event
from valija.journal.models import Entry
from valija.licensing.models import Plan

A_MOMENT = timedelta(minutes=5)
LOOKED_AT = 30  # newest lines of the account; a busier account does without the name
TAKING = {Event.LICENSE_ASSIGNED.code, Event.LICENSE_MODIFIED.code}


def last_taker(account: Account, plan: Plan, by: Actor) -> str:
    """The name of whoever else assigned a license of this plan a moment ago, if anybody did."""
    since = clock.now() - A_MOMENT
    for entry in Entry.objects.of_account(account.pk).order_by("-id")[:LOOKED_AT]:
        if entry.at < since:
            break
        if entry.event in TAKING and entry.data.get("plan") == plan.name:
            return entry.actor_label.partition(" <")[0] if entry.actor_id != by.id else ""
    return ""
