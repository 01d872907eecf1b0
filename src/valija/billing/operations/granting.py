"""Licenses for a paid purchase: rows, each tied to the order's line that paid for it."""

from django.db.models import F

from valija.accounts.models import Account
from valija.billing.models import Grant, Order, OrderLine
from valija.core import clock
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Interval, License, Subscription


def grant(account: Account, order: Order, lines: list[OrderLine], *, by: Actor) -> list[License]:
    """Put the licenses of an order into the pool. The caller holds the account and the order."""
    granted: list[License] = []
    running = {each.interval: each for each in account.subscriptions.filter(ended_at=None)}
    on_trial = running.pop(Interval.TRIAL, None) is not None
    for line in lines:
        subscription = running.setdefault(line.interval, _subscription(account, line, running))
        kept = _of_the_trial(account, line, subscription) if on_trial else []
        licenses = kept + License.objects.bulk_create(
            License(account=account, plan=line.plan, subscription=subscription, worth=line.unit_price)
            for _number in range(line.quantity - len(kept))
        )
        # The database refuses a second grant of the same number, should everything else fail.
        Grant.objects.bulk_create(
            Grant(line=line, number=number, license=license)
            for number, license in enumerate(licenses, start=1)
        )
        journal.record_each(
            Event.LICENSE_ADDED,
            licenses,
            by=by,
            account_id=account.pk,
            plan=line.plan_name,
            order=order.number,
        )
        granted += licenses
    return granted


def _subscription(account: Account, line: OrderLine, running: dict[str, Subscription]) -> Subscription:
    return running.get(line.interval) or Subscription.objects.create(
        account=account, interval=line.interval, started_on=clock.today(), renews_on=line.renews_on
    )


def _of_the_trial(account: Account, line: OrderLine, subscription: Subscription) -> list[License]:
    """Licenses of a trial that become bought ones: whoever holds one keeps it, at work as it is."""
    trial = account.licenses.living().filter(subscription__interval=Interval.TRIAL, plan=line.plan)
    held_first = trial.order_by(F("holder").asc(nulls_last=True), "id").select_for_update(of=("self",))
    kept = list(held_first[: line.quantity])
    for license in kept:
        license.subscription, license.worth = subscription, line.unit_price
    License.objects.bulk_update(kept, ["subscription", "worth"])
    return kept
