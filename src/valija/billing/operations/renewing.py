"""Renewing subscriptions by the clock: an order for the next period, the charge of the stored method, and what follows
where it is refused: letters, further attempts, a grace in which everything works, then suspension, never deletion."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.tasks import task
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.billing import providers
from valija.billing.models import Order, Payment
from valija.billing.operations.buying import open_payment_page, write_quote
from valija.billing.operations.canceling import end_licenses, end_subscription
from valija.billing.operations.charging import PaymentPageOpen, charge_stored_method
from valija.billing.operations.delivering import payers
from valija.billing.operations.paying import settle_payment
from valija.billing.operations.upgrading import lower
from valija.billing.providers import NoStoredMethod, Outcome, ProviderNotAvailable
from valija.billing.quote import Prices, Quote, quote_renewal
from valija.core import actor, clock, sql
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import GRACE, Subscription
from valija.mail import letters
from valija.mail import operations as mail

log = logging.getLogger(__name__)

RETRIES = (1, 3, 5, 7)  # days after the first refusal
LEASE = timedelta(minutes=10)  # a worker that dies with a charge in hand gives it back after this
BANK_TAKES = timedelta(hours=1)
AT_ONCE = 500
NO_CARD = _("no card is stored")


@task
def renew_due() -> int:
    """Make the order of every subscription whose day has come, and charge what can be charged."""
    open_orders = Order.objects.open().renewals().filter(subscription=OuterRef("pk"))
    due = Subscription.objects.renewing().filter(~Exists(open_orders), renews_on__lte=clock.today())
    for subscription in due.order_by("renews_on", "id")[:AT_ONCE]:
        try:
            renew_subscription(subscription, by=actor.clock())
        except Refusal as refusal:  # a region without a tax rate must not keep the others waiting
            log.error("subscription %s is not renewed: %s", subscription.pk, refusal)
    return charge_due.call()


@transaction.atomic
def renew_subscription(subscription: Subscription, *, by: Actor) -> Order | None:
    """One order for the next period, once: licenses that were to end end, those that were to become another plan do."""
    account = sql.locked(Account.objects.all(), pk=subscription.account_id)
    subscription = sql.locked(Subscription.objects.all(), pk=subscription.pk)
    if not subscription.renews or subscription.past_due_since or subscription.renews_on > clock.today():
        return None
    found = subscription.renewals.open().first()
    if found is not None:
        return found
    _do_what_was_asked(subscription, by)
    quote = quote_renewal(account, subscription, on=clock.today())
    if not quote.lines:
        end_subscription(account, subscription, by=by)
        return None
    return _place(account, subscription, quote, by)


def _do_what_was_asked(subscription: Subscription, by: Actor) -> None:
    """The period that was paid is over: what was asked for this day happens before the next one is counted."""
    living = subscription.licenses.living().select_related("plan", "holder", "becomes")
    held = living.select_for_update(of=("self",)).order_by("id")
    end_licenses(
        list(held.exclude(to_end_since=None)), subscription.renews_on, _("as asked, at the renewal"), by=by
    )
    for license in held.exclude(becomes=None):
        assert license.becomes is not None
        lower(license, license.becomes, by=by)


def _place(account: Account, subscription: Subscription, quote: Quote, by: Actor) -> Order:
    order = write_quote(
        account,
        payers(account)[0],
        quote,
        key=f"renewal {subscription.pk.hex[-12:]} {subscription.renews_on} {clock.now():%j%H%M%S}",
        subscription=subscription,
        period_from=subscription.renews_on,
        charge_due_at=clock.now(),
    )
    _note_worth(account, subscription)
    journal.record(Event.ORDER_PLACED, by=by, about=order, order=order.number, total=order.amount)
    if not order.total:
        settle_payment(order.payment, Outcome("paid", 0, order.currency), by=by)
    return order


def _note_worth(account: Account, subscription: Subscription) -> None:
    """From now on each license is worth what it renewed at."""
    prices, living = Prices.of(account), subscription.licenses.living()
    for plan_id, extra in living.order_by().values_list("plan_id", "extra_activations").distinct():
        worth = prices.worth(plan_id, subscription.interval, extra)
        if worth is not None:
            living.filter(plan_id=plan_id, extra_activations=extra).update(worth=worth)


# Charging


@task
def charge_due() -> int:
    """Charge every renewal that is due, each claimed under a lease."""
    charged = 0
    while charged < AT_ONCE and (order := _claim()):
        charge_renewal(order, by=actor.clock())
        charged += 1
    return charged


@transaction.atomic
def _claim() -> Order | None:
    due = Order.objects.open().renewals().filter(charge_due_at__lte=clock.now())
    order = sql.locked_first(due.order_by("charge_due_at", "id"))
    if order is not None:
        order.charge_due_at = clock.now() + LEASE
        order.save(update_fields=["charge_due_at"])
    return order


def charge_renewal(order: Order, *, by: Actor) -> Order:
    """Charge the stored method for a renewal; where it is refused, say so and plan the next attempt."""
    reason: str | Promise = NO_CARD
    try:
        order = _charged(order, by)
        reason = providers.REASONS.get(order.payment.reason, providers.REASONS["card_declined"])
    except NoStoredMethod:
        pass
    except ProviderNotAvailable:
        return order  # the lease brings it back
    if order.is_open and order.standing == "processing":
        Order.objects.filter(pk=order.pk).update(charge_due_at=clock.now() + BANK_TAKES)
    elif order.is_open:
        _refused(order, reason, by)
    return order


def _charged(order: Order, by: Actor) -> Order:
    try:
        return charge_stored_method(order, by=by)
    except PaymentPageOpen:  # somebody looked at the page, and did not pay
        order = put_aside(order, by=by)
        return charge_stored_method(order, by=by) if order.is_open else order


@transaction.atomic
def _refused(order: Order, reason: str | Promise, by: Actor) -> None:
    account = sql.locked(Account.objects.all(), pk=order.account_id)
    order = sql.locked(Order.objects.all(), pk=order.pk)
    if not order.is_open or order.subscription_id is None:
        return
    subscription = sql.locked(Subscription.objects.all(), pk=order.subscription_id)
    subscription.past_due_since = since = subscription.past_due_since or clock.now()
    subscription.save(update_fields=["past_due_since"])
    order.charge_due_at = None
    if order.refused_charges < len(RETRIES):
        order.charge_due_at = max(since + timedelta(days=RETRIES[order.refused_charges]), clock.now() + LEASE)
    order.refused_charges += 1
    order.save(update_fields=["charge_due_at", "refused_charges"])
    told: dict[str, Any] = {"order": order.number, "total": order.amount, "reason": reason}
    journal.record(Event.SUBSCRIPTION_PAST_DUE, by=by, about=subscription, **told)
    for reader in payers(account):
        mail.write_letter(
            letters.SUBSCRIPTION_PAST_DUE,
            reader,
            link=f"{settings.URL}/subscriptions",
            until=since + GRACE,
            **told,
        )


def put_aside(order: Order, *, by: Actor) -> Order:
    """Make the way in which a renewal was to be paid impossible, so that it can be paid in another.

    Raises:
        ProviderNotAvailable: whether it is impossible is not known.
    """
    payment = Payment.objects.get(order=order)
    if payment.reference is not None:
        outcome = providers.provider(payment.provider).cancel(payment.reference)
        settle_payment(payment, outcome, by=by)
    return Order.objects.select_related("payment", "account", "buyer").get(pk=order.pk)


def pay_renewal(order: Order, *, by: Actor) -> Order:
    """Open the payment page of a renewal that is due: it can be paid with any card, also after suspension."""
    by.require(Permission.ORDER_PLACE, order.account)
    if not order.is_open or order.kind != Order.Kind.RENEWAL:
        return order
    if order.payment.reference is not None and not order.payment.page_url:
        order = put_aside(order, by=by)
    return open_payment_page(order, by=by) if order.is_open and order.standing != "processing" else order


# What follows


@task
def suspend_due() -> int:
    """Stop the licenses of every subscription whose grace is over."""
    over = Subscription.objects.running().filter(past_due_since__lte=clock.now() - GRACE, suspended_at=None)
    found = list(over[:AT_ONCE])
    for subscription in found:
        suspend_subscription(subscription, by=actor.clock())
    return len(found)


@transaction.atomic
def suspend_subscription(subscription: Subscription, *, by: Actor) -> None:
    """Stop its licenses; nothing is deleted, and paying starts them again."""
    account = sql.locked(Account.objects.all(), pk=subscription.account_id)
    subscription = sql.locked(Subscription.objects.all(), pk=subscription.pk)
    order = subscription.renewals.open().first()
    if order is None or subscription.suspended_at or subscription.past_due_since is None:
        return
    subscription.suspended_at = clock.now()
    subscription.save(update_fields=["suspended_at"])
    journal.record(Event.SUBSCRIPTION_SUSPENDED, by=by, about=subscription, order=order.number)
    for reader in payers(account):
        mail.write_letter(
            letters.SUBSCRIPTION_SUSPENDED, reader, link=f"{settings.URL}/subscriptions", order=order.number,
            total=order.amount,
        )  # fmt: skip
