"""Licenses that end at the renewal, and those that renew after all."""

from collections.abc import Sequence

from valija.core import clock
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import License


def end_at_renewal(licenses: Sequence[License], *, by: Actor) -> None:
    """Note that these licenses do not renew. The caller holds them, and they are of one plan and subscription."""
    _note(licenses, Event.LICENSE_TO_END, by, since=True)


def keep(licenses: Sequence[License], *, by: Actor) -> None:
    """Let these licenses renew after all. The caller holds them, and they are of one plan and subscription."""
    _note(licenses, Event.LICENSE_KEPT, by, since=False)


def _note(licenses: Sequence[License], event: Event, by: Actor, *, since: bool) -> None:
    if not licenses:
        return
    moment = clock.now() if since else None
    License.objects.filter(pk__in=[license.pk for license in licenses]).update(to_end_since=moment)
    for license in licenses:
        license.to_end_since = moment
    first = licenses[0]
    journal.record_each(
        event, licenses, by=by, account_id=first.account_id, plan=first.plan.name, day=first.renews_on
    )
