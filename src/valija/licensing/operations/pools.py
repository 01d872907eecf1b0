"""Telling the administrators when few licenses of a plan are left."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.tasks import task
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.core import actor, clock, sql
from valija.core.actor import Actor
from valija.core.errors import InvalidInput
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Plan, PoolNotice
from valija.licensing.rules import left_in_pool
from valija.mail import letters
from valija.mail import operations as mail

MOST = 10_000


class ThresholdNotValid(InvalidInput):
    code = "threshold_not_valid"
    field = "threshold"
    sentence = _("Enter a whole number from 0 to %(most)s; 0 switches the notice off.")


@transaction.atomic
def notify_of_small_pool(account: Account, plan: Plan, threshold: int, *, by: Actor) -> PoolNotice | None:
    """Below so many available licenses of the plan the administrators are told, once until it has risen; 0: never."""
    by.require(Permission.RULE_CHANGE, account)
    if not 0 <= threshold <= MOST:
        raise ThresholdNotValid(most=MOST)
    sql.locked(Account.objects.all(), pk=account.pk)
    notice = PoolNotice.objects.filter(account=account, plan=plan).first()
    if threshold == (notice.threshold if notice else 0):
        return notice
    if threshold == 0:
        PoolNotice.objects.filter(account=account, plan=plan).delete()
        notice = None
    else:
        notice = notice or PoolNotice(account=account, plan=plan)
        notice.threshold, notice.told_at = threshold, None
        notice.save()
    journal.record(
        Event.POOL_NOTICE_CHANGED, by=by, account_id=account.pk, plan=plan.name, threshold=threshold
    )
    return notice


@transaction.atomic
def notify_of_small_pools(account: Account, thresholds: Mapping[Plan, int], *, by: Actor) -> None:
    """The same for several plans: all of it or nothing."""
    for plan, threshold in thresholds.items():
        notify_of_small_pool(account, plan, threshold, by=by)


@task
def warn_of_small_pools() -> int:
    """Look at every pool of which somebody wants to be told. How many letters were due."""
    told = 0
    watched = PoolNotice.objects.values_list("account_id", flat=True).distinct()
    for account in Account.objects.filter(pk__in=watched).order_by("id").iterator(chunk_size=200):
        told += _look(account)
    return told


@transaction.atomic
def _look(account: Account) -> int:
    told = 0
    # Held, so that two workers do not both tell it; on PostgreSQL the second passes over what the first holds.
    held = PoolNotice.objects.select_for_update(skip_locked=True, of=("self",)).filter(account=account)
    notices = list(held.select_related("plan"))
    left = left_in_pool(account)
    for notice in notices:
        available = left.get(notice.plan_id, 0)
        if available >= notice.threshold and notice.told_at is not None:
            notice.told_at = None
            notice.save(update_fields=["told_at"])
        elif available < notice.threshold and notice.told_at is None:
            notice.told_at = clock.now()
            notice.save(update_fields=["told_at"])
            _tell(account, notice, available)
            told += 1
    return told


def _tell(account: Account, notice: PoolNotice, available: int) -> None:
    about: dict[str, Any] = {"plan": notice.plan.name, "available": available, "threshold": notice.threshold}
    journal.record(Event.POOL_LOW, by=actor.clock(), account_id=account.pk, **about)
    for administrator in account.users.administrators():
        link = f"{settings.URL}/licenses"
        mail.write_letter(letters.POOL_LOW, administrator, link=link, account=account.name, **about)
