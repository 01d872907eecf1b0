"""Telling, before a renewal, what licenses without use will cost."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.tasks import task

from valija.accounts.permissions import Role
from valija.billing.idle import cost_of, idle_of
from valija.billing.models import IdleNotice
from valija.core import actor, clock, sql
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.idle import BEFORE_RENEWAL
from valija.licensing.models import Subscription
from valija.mail import letters
from valija.mail import operations as mail

LONGEST_RUN = timedelta(seconds=45)


@task
def tell_of_idle_licenses() -> int:
    """Look at every subscription that renews within thirty days, once for each renewal. How many letters were due."""
    told, until = 0, clock.now() + LONGEST_RUN
    while clock.now() < until and (written := _tell_next()) is not None:
        told += written
    return told


@transaction.atomic
def _tell_next() -> int | None:
    today = clock.today()
    done = IdleNotice.objects.filter(subscription=OuterRef("pk"), renews_on=OuterRef("renews_on"))
    due = Subscription.objects.filter(
        ~Exists(done), renews_on__gt=today, renews_on__lte=today + BEFORE_RENEWAL, canceled_at=None
    )
    subscription = sql.locked_first(due.select_related("account").order_by("renews_on", "id"))
    if subscription is None:
        return None
    _new, first = IdleNotice.objects.get_or_create(
        subscription=subscription, renews_on=subscription.renews_on
    )
    return _tell(subscription) if first else 0


def _tell(subscription: Subscription) -> int:
    account = subscription.account
    parts = [part for part in idle_of(account, [subscription]) if part.number]
    cost = cost_of(parts, account.currency)
    if not cost:
        return 0
    number = sum(part.number for part in parts)
    about = {
        "number": number,
        "what": ", ".join(f"{part.number} {part.plan.name}" for part in parts),
        "cost": cost,
        "day": subscription.renews_on,
    }
    journal.record(Event.LICENSES_IDLE, by=actor.clock(), account_id=account.pk, **about)
    readers = account.users.active().filter(role__in=[Role.ADMINISTRATOR, Role.BILLING])
    mail.write_letters(
        letters.LICENSES_IDLE,
        [(reader, f"{settings.URL}/licenses/idle", None, dict(about)) for reader in readers],
    )
    return len(readers)
