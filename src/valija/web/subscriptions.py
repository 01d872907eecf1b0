"""Subscriptions: when they renew and for how much, what is overdue, canceling, and the trial."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.permissions import Permission
from valija.billing import operations as billing
from valija.billing.models import Order
from valija.billing.operations.trying import TRIED
from valija.billing.quote import period_start, quote_renewal
from valija.billing.taxes import NoTaxRate
from valija.core import clock, facts
from valija.licensing.models import GRACE, Plan, Subscription
from valija.web.access import Request, allowed
from valija.web.billing import arrived
from valija.web.context import address_of
from valija.web.errors import found, shown_on


@require_GET
@never_cache
@allowed(Permission.BILLING_SEE)
def subscriptions(request: Request) -> HttpResponse:
    return subscriptions_page(request)


def subscriptions_page(request: Request, subscription_id: UUID | None = None) -> HttpResponse:
    account = request.account
    living = account.subscriptions.filter(ended_at=None).order_by("interval")
    context = {
        "rows": [_row(request, each) for each in living],
        "ended": account.subscriptions.exclude(ended_at=None).order_by("-ended_at")[:5],
        "method": billing.stored_method(account),
        "method_url": address_of("payment_method"),
        "may_cancel": request.actor.may(Permission.SUBSCRIPTION_CANCEL),
        "may_pay": request.actor.may(Permission.ORDER_PLACE),
        "may_try": request.actor.may(Permission.TRIAL_START) and billing.may_try(account),
        "path": reverse("subscriptions"),
    }
    return render(request, "billing/subscriptions.html", context)


def _row(request: Request, subscription: Subscription) -> dict[str, Any]:
    order = subscription.renewals.open().select_related("payment").prefetch_related("lines").first()
    licenses = subscription.licenses.living()
    return {
        "subscription": subscription,
        "state": state_of(subscription),
        "licenses": licenses.count(),
        "held": licenses.assigned().count(),
        "day": facts.day(subscription.renews_on),
        "since": facts.day(
            period_start(subscription) if not subscription.is_trial else subscription.started_on
        ),
        "stops": facts.day(subscription.past_due_since + GRACE) if subscription.past_due_since else "",
        "order": order,
        "quote": None if subscription.is_trial or order else _quote(request, subscription),
        "left": (subscription.renews_on - clock.today()).days,
    }


def state_of(subscription: Subscription) -> str:
    """trial, suspended, overdue, canceled or running."""
    if subscription.is_trial:
        return "trial"
    if subscription.suspended_at:
        return "suspended"
    if subscription.past_due_since:
        return "overdue"
    return "canceled" if subscription.canceled_at else "running"


def _quote(request: Request, subscription: Subscription) -> Any:
    try:
        return quote_renewal(request.account, subscription, on=clock.today())
    except NoTaxRate:
        return None


def _subscription(request: Request, subscription_id: UUID) -> Subscription:
    return found(request.account.subscriptions.select_related("account").filter(pk=subscription_id).first())


@require_POST
@allowed(Permission.ORDER_PLACE)
@shown_on(subscriptions_page)
def pay_renewal(request: Request, subscription_id: UUID) -> HttpResponse:
    """To the payment page of a renewal that is due, with this card or another."""
    subscription = _subscription(request, subscription_id)
    waiting = Order.objects.open().renewals().select_related("payment", "account", "buyer")
    order = waiting.filter(subscription=subscription).first()
    if order is None:
        messages.info(request, gettext("Nothing is to be paid."))
        return redirect("subscriptions")
    order = billing.pay_renewal(order, by=request.actor)
    if order.paid_at or not order.payment.page_url:
        return arrived(request, order)
    return redirect(order.payment.page_url)


@require_GET
@allowed(Permission.SUBSCRIPTION_CANCEL)
def show_cancellation(request: Request, subscription_id: UUID) -> HttpResponse:
    return cancellation_page(request, subscription_id)


def cancellation_page(request: Request, subscription_id: UUID) -> HttpResponse:
    """Before it is canceled: until when everything works, whom it concerns, and that it can be taken back."""
    subscription = _subscription(request, subscription_id)
    context = {**_row(request, subscription), "back": reverse("subscriptions")}
    return render(request, "billing/cancel.html", context)


@require_POST
@allowed(Permission.SUBSCRIPTION_CANCEL)
@shown_on(cancellation_page)
def cancel_subscription(request: Request, subscription_id: UUID) -> HttpResponse:
    done = billing.cancel_subscription(_subscription(request, subscription_id), by=request.actor)
    if done.ended_at:
        messages.success(request, gettext("The subscription has ended. Nothing more is charged."))
    else:
        said = gettext(
            "The subscription is canceled. Its licenses work until %(day)s; nothing more is charged."
        )
        messages.success(request, said % {"day": facts.day(done.renews_on)})
    return redirect("subscriptions")


@require_POST
@allowed(Permission.SUBSCRIPTION_CANCEL)
@shown_on(subscriptions_page)
def keep_subscription(request: Request, subscription_id: UUID) -> HttpResponse:
    kept = billing.keep_subscription(_subscription(request, subscription_id), by=request.actor)
    said = gettext("The subscription goes on: it renews on %(day)s.")
    messages.success(request, said % {"day": facts.day(kept.renews_on)})
    return redirect("subscriptions")


# The trial


@require_GET
@allowed(Permission.TRIAL_START)
def trial(request: Request) -> HttpResponse:
    return trial_page(request)


def trial_page(request: Request) -> HttpResponse:
    """What a trial is, before it is started."""
    if not billing.may_try(request.account):
        return redirect("subscriptions")
    plans = [{"plan": plan, "number": TRIED[Plan.Kind(plan.kind)]} for plan in billing.tried_plans()]
    context = {
        "plans": plans, "back": reverse("licenses"), "ends": facts.day(clock.today() + billing.TRIAL_LASTS),
        "path": reverse("trial"),
    }  # fmt: skip
    return render(request, "billing/trial.html", context)


@require_POST
@allowed(Permission.TRIAL_START)
@shown_on(trial_page)
def start_trial(request: Request) -> HttpResponse:
    started = billing.start_trial(request.account, by=request.actor)
    said = gettext("The trial runs until %(day)s. Its licenses can be assigned now.")
    messages.success(request, said % {"day": facts.day(started.renews_on)})
    return redirect("users" if request.actor.may(Permission.USER_SEE) else "licenses")
