"""Letters before a day that matters: a yearly renewal, the end of a trial."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.tasks import task

from valija.accounts.models import Account
from valija.billing.operations.canceling import what
from valija.billing.operations.delivering import payers
from valija.billing.quote import renewal_of
from valija.billing.taxes import NoTaxRate
from valija.core import actor, clock, sql
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Interval, Subscription
from valija.mail import letters
from valija.mail import operations as mail

BEFORE = {
    Interval.YEAR.value: (30, 7),
    Interval.TRIAL.value: (7, 1),
}  # days; a month is too short to be reminded of


@task
def remind_due() -> int:
    """Write every reminder whose day has come, once."""
    today, written = clock.today(), 0
    for interval, days in BEFORE.items():
        coming = Subscription.objects.filter(
            interval=interval, ended_at=None, canceled_at=None, past_due_since=None, renews_on__gt=today,
            renews_on__lte=today + timedelta(days=days[0]), reminders__lt=len(days),
        )  # fmt: skip
        for subscription in coming.order_by("renews_on", "id"):
            written += remind(subscription, by=actor.clock())
    return written


@transaction.atomic
def remind(subscription: Subscription, *, by: Actor) -> bool:
    """Write the reminder that is due; of two that were missed, the later one alone."""
    account = sql.locked(Account.objects.all(), pk=subscription.account_id)
    subscription = sql.locked(Subscription.objects.all(), pk=subscription.pk)
    left = (subscription.renews_on - clock.today()).days
    due = sum(left <= days for days in BEFORE[subscription.interval])
    if due <= subscription.reminders:
        return False
    subscription.reminders = due
    subscription.save(update_fields=["reminders"])
    if subscription.is_trial:
        _remind_of_the_trial(account, subscription, by)
    else:
        _remind_of_the_renewal(account, subscription, by)
    return True


def _remind_of_the_trial(account: Account, trial: Subscription, by: Actor) -> None:
    journal.record(Event.TRIAL_REMINDED, by=by, about=trial, day=trial.renews_on)
    for reader in payers(account):
        mail.write_letter(
            letters.TRIAL_ENDING, reader, link=f"{settings.URL}/licenses", account=account.name, day=trial.renews_on,
            held=trial.licenses.assigned().count(),
        )  # fmt: skip


def _remind_of_the_renewal(account: Account, subscription: Subscription, by: Actor) -> None:
    try:
        total = renewal_of(account, subscription).total
    except NoTaxRate:
        return
    journal.record(
        Event.SUBSCRIPTION_REMINDED, by=by, about=subscription, day=subscription.renews_on, total=total
    )
    for reader in payers(account):
        mail.write_letter(
            letters.RENEWAL_COMING, reader, link=f"{settings.URL}/subscriptions", account=account.name,
            day=subscription.renews_on, total=total, what=what(subscription),
        )  # fmt: skip
