"""Subscriptions that end: canceled, or a trial that is over. They run to their end; rows and journal stay."""

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.tasks import task
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.billing import providers
from valija.billing.models import Order
from valija.billing.operations.delivering import payers
from valija.billing.operations.paying import settle_payment
from valija.core import actor, clock, sql
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import Activation, ActivationCode, Interval, License, Subscription
from valija.mail import letters
from valija.mail import operations as mail

AT_ONCE = 500


class SubscriptionOver(Refusal):
    code = "subscription_over"
    sentence = _("This subscription has ended already. Licenses can be bought again at any time.")


class RenewalWithBank(Refusal):
    code = "renewal_with_bank"
    sentence = _("The bank has the payment of the renewal at the moment. Wait for its answer, then cancel.")


def cancel_subscription(subscription: Subscription, *, by: Actor) -> Subscription:
    """Let a subscription run to its end and not renew. One whose renewal is not paid has reached its end: it ends now."""
    by.require(Permission.SUBSCRIPTION_CANCEL, subscription.account)
    order = subscription.renewals.open().first()
    if order is not None:
        _close(order, by)
    with transaction.atomic():
        account = sql.locked(Account.objects.all(), pk=subscription.account_id)
        subscription = sql.locked(Subscription.objects.all(), pk=subscription.pk)
        if subscription.ended_at or subscription.is_trial:
            raise SubscriptionOver
        if subscription.canceled_at is None:
            _canceled(account, subscription, by)
        if subscription.renews_on <= clock.today():
            end_subscription(account, subscription, by=by)
    return subscription


def _close(order: Order, by: Actor) -> None:
    """Make a renewal impossible to pay, unless it is paid already."""
    payment = order.payment
    if payment.reference is not None:
        outcome = providers.provider(payment.provider).cancel(payment.reference)
        if outcome.state == "processing":
            raise RenewalWithBank
        if outcome.state == "paid":
            settle_payment(payment, outcome, by=by)
            return
    with transaction.atomic():
        sql.locked(Account.objects.all(), pk=order.account_id)
        order = sql.locked(Order.objects.all(), pk=order.pk)
        if order.is_open:
            order.canceled_at, order.charge_due_at = clock.now(), None
            order.save(update_fields=["canceled_at", "charge_due_at"])
            journal.record(Event.ORDER_CANCELED, by=by, about=order, order=order.number)


def _canceled(account: Account, subscription: Subscription, by: Actor) -> None:
    subscription.canceled_at = clock.now()
    subscription.save(update_fields=["canceled_at"])
    journal.record(Event.SUBSCRIPTION_CANCELED, by=by, about=subscription, day=subscription.renews_on)
    if subscription.renews_on <= clock.today():
        return  # its end is told instead
    for reader in payers(account):
        mail.write_letter(
            letters.SUBSCRIPTION_CANCELED, reader, link=f"{settings.URL}/subscriptions", account=account.name,
            by=by.label.partition(" <")[0], day=subscription.renews_on, what=what(subscription),
        )  # fmt: skip


def what(subscription: Subscription) -> str:
    """Its licenses in words: 3 Pro, 1 Eco."""
    counts: dict[str, int] = {}
    for name in subscription.licenses.living().order_by("plan__rank").values_list("plan__name", flat=True):
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{number} {name}" for name, number in counts.items())


@transaction.atomic
def keep_subscription(subscription: Subscription, *, by: Actor) -> Subscription:
    """Take a cancellation back, until the day on which it would have ended."""
    by.require(Permission.SUBSCRIPTION_CANCEL, subscription.account)
    sql.locked(Account.objects.all(), pk=subscription.account_id)
    subscription = sql.locked(Subscription.objects.all(), pk=subscription.pk)
    if subscription.ended_at:
        raise SubscriptionOver
    if subscription.canceled_at is not None:
        subscription.canceled_at = None
        subscription.save(update_fields=["canceled_at"])
        journal.record(Event.SUBSCRIPTION_KEPT, by=by, about=subscription)
    return subscription


# The end


@task
def end_due() -> int:
    """End every canceled subscription and every trial whose day has come."""
    over = Subscription.objects.filter(
        ~Q(canceled_at=None) | Q(interval=Interval.TRIAL), ended_at=None, renews_on__lte=clock.today()
    )
    found = list(over[:AT_ONCE])
    for subscription in found:
        with transaction.atomic():
            account = sql.locked(Account.objects.all(), pk=subscription.account_id)
            held = sql.locked(Subscription.objects.all(), pk=subscription.pk)
            if held.ended_at is None and not held.renews:
                end_subscription(account, held, by=actor.clock())
    return len(found)


def end_subscription(account: Account, subscription: Subscription, *, by: Actor) -> None:
    """End it with all its licenses. The caller holds account and subscription."""
    licenses = list(
        subscription.licenses.living().select_related("plan", "holder").select_for_update(of=("self",))
    )
    reason = _("the trial is over") if subscription.is_trial else _("the subscription is over")
    end_licenses(licenses, subscription.renews_on, reason, by=by)
    subscription.ended_at = clock.now()
    subscription.save(update_fields=["ended_at"])
    event, kind, page = Event.SUBSCRIPTION_ENDED, letters.SUBSCRIPTION_ENDED, "licenses"
    if subscription.is_trial:
        event, kind = Event.TRIAL_ENDED, letters.TRIAL_ENDED
    journal.record(event, by=by, about=subscription, number=len(licenses))
    for reader in payers(account):
        mail.write_letter(
            kind, reader, link=f"{settings.URL}/{page}", account=account.name, number=len(licenses)
        )


def end_licenses(licenses: Sequence[License], day: date, reason: str | Promise, *, by: Actor) -> None:
    """End these licenses on their day: activations stop, their holders are told. The caller holds them."""
    now, keys = clock.now(), [license.pk for license in licenses]
    Activation.objects.living().filter(license__in=keys).update(ended_at=now)
    ActivationCode.objects.waiting().filter(license__in=keys).update(withdrawn_at=now)
    License.objects.filter(pk__in=keys).update(ended_at=now, holder=None, assigned_at=None, becomes=None)
    for license in licenses:
        holder = license.holder
        journal.record(
            Event.LICENSE_ENDED, by=by, about=license, subject_id=holder.pk if holder else "",
            plan=license.plan.name, reason=reason,
        )  # fmt: skip
        if holder:
            mail.write_letter(
                letters.LICENSE_ENDED, holder, plan=license.plan.name, account=holder.account.name, day=day
            )
