"""Thirty days of everything, without a card."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.billing.operations.canceling import what
from valija.billing.operations.delivering import payers
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Interval, License, Plan, Subscription
from valija.mail import letters
from valija.mail import operations as mail

TRIAL_LASTS = timedelta(days=30)
TRIED = {
    Plan.Kind.PERSON: 10,
    Plan.Kind.SHARED: 2,
    Plan.Kind.API: 1,
}  # licenses of the highest plan of each kind


class TrialUsed(Refusal):
    code = "trial_used"
    sentence = _("This account has had its trial. Licenses can be bought at any time.")


class NoTrialBesideLicenses(Refusal):
    code = "no_trial_beside_licenses"
    sentence = _("A trial is for accounts that have no licenses yet.")


@transaction.atomic
def start_trial(account: Account, *, by: Actor) -> Subscription:
    """Let an account use everything for 30 days. Once; it ends by itself, and buying goes on without a break."""
    by.require(Permission.TRIAL_START, account)
    account = sql.locked(Account.objects.all(), pk=account.pk)
    if account.subscriptions.trials().exists():
        raise TrialUsed
    if account.subscriptions.running().exists():
        raise NoTrialBesideLicenses
    today = clock.today()
    trial = Subscription.objects.create(
        account=account, interval=Interval.TRIAL, started_on=today, renews_on=today + TRIAL_LASTS
    )
    for plan in tried_plans():
        License.objects.bulk_create(
            License(account=account, plan=plan, subscription=trial, worth=0)
            for _each in range(TRIED[Plan.Kind(plan.kind)])
        )
    journal.record(Event.TRIAL_STARTED, by=by, about=trial, day=trial.renews_on)
    for reader in payers(account):
        mail.write_letter(
            letters.TRIAL_STARTED, reader, link=f"{settings.URL}/users", account=account.name, what=what(trial),
            day=trial.renews_on,
        )  # fmt: skip
    return trial


def may_try(account: Account) -> bool:
    """Whether a trial can be started."""
    return not account.subscriptions.exists() and not account.is_provider


def tried_plans() -> list[Plan]:
    """The highest plan of each kind that is sold."""
    highest = {plan.kind: plan for plan in Plan.objects.sold()}
    return list(highest.values())
