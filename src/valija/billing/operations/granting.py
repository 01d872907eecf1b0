"""Licenses for a paid purchase: rows, each tied to the order's line that paid for it."""

from valija.accounts.models import Account
from valija.billing.models import Grant, Order, OrderLine
from valija.core import clock
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import License, Subscription


def grant(account: Account, order: Order, lines: list[OrderLine], *, by: Actor) -> list[License]:
    """Put the licenses of an order into the pool. The caller holds the account and the order."""
    granted: list[License] = []
    for line in lines:
        subscription = _subscription(account, line)
        licenses = License.objects.bulk_create(
            License(account=account, plan=line.plan, subscription=subscription)
            for _number in range(line.quantity)
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


def _subscription(account: Account, line: OrderLine) -> Subscription:
    found = account.subscriptions.filter(interval=line.interval).first()
    return found or Subscription.objects.create(
        account=account, interval=line.interval, started_on=clock.today(), renews_on=line.renews_on
    )
