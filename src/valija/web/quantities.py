"""The number available is a link: how many licenses that nobody holds, and how many of them are to end."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.permissions import Permission
from valija.billing.quote import pro_rata
from valija.core import clock, facts
from valija.core.errors import Refusal
from valija.core.money import Money
from valija.licensing import operations as licensing
from valija.licensing.models import Interval, Plan, Price, Subscription
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on
from valija.web.planned import later, say_planned

AT_RENEWAL, NOW = "renewal", "now"


@require_GET
@allowed(Permission.LICENSE_REMOVE)
def available_licenses(request: Request, code: str, interval: str) -> HttpResponse:
    return available_page(request, code, interval)


def available_page(request: Request, code: str, interval: str) -> HttpResponse:
    """First how many and when; then, before anything is done, what it means in names, numbers and money."""
    plan, subscription = _line(request, code, interval)
    pool = request.account.licenses.available(plan).of(plan, interval)
    available, to_end = pool.count(), pool.to_end().count()
    when = NOW if _asked(request, "when") == NOW else AT_RENEWAL
    refusal = getattr(request, "refusal", None)
    number = _number(request)
    if request.method == "GET" and "number" in request.GET:
        refusal = _cannot(plan, number, available, to_end, when)
    sure = refusal is None and request.method == "GET" and "number" in request.GET
    context = {
        "plan": plan, "interval": interval, "label": Interval(interval).label, "available": available, "to_end": to_end,
        "left": available - number, "when": when, "number": number, "typed": _asked(request, "number") or "1",
        "wrong": refusal if not request.POST.get("keep") else None, "refusal": None, "sure": sure,
        "renews": facts.day(subscription.renews_on), "canceled": subscription.canceled_at is not None,
        "may_buy": request.actor.may(Permission.ORDER_PLACE) and not subscription.is_trial,
        "here": reverse("available_licenses", args=[code, interval]), "back": reverse("licenses") + "#held",
        **_money(request, plan, subscription, number, to_end),
    }  # fmt: skip
    response = render(request, "licensing/available.html", context)
    response.status_code = refusal.status if refusal else 200
    return response


def _line(request: Request, code: str, interval: str) -> tuple[Plan, Subscription]:
    plan = found(Plan.objects.filter(code=code, licenses__account=request.account).distinct().first())
    return plan, found(request.account.subscriptions.filter(interval=interval, ended_at=None).first())


def _asked(request: Request, name: str) -> str:
    return (request.POST.get(name) or request.GET.get(name, "")).strip()


def _number(request: Request) -> int:
    """The number that was typed; what is no number is refused like any impossible one."""
    typed = _asked(request, "number")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 0


def _cannot(plan: Plan, number: int, available: int, to_end: int, when: str) -> Refusal | None:
    """What the operation would refuse, said a step earlier."""
    if number < 1:
        return licensing.NumberNotValid()
    if when == NOW and number > available:
        return licensing.MoreThanAvailable(number=number, plan=plan.name, available=available)
    if when == AT_RENEWAL and number > available - to_end:
        return licensing.MoreThanRenew(number=number, plan=plan.name, available=available - to_end)
    return None


def _money(
    request: Request, plan: Plan, subscription: Subscription, number: int, to_end: int
) -> dict[str, Any]:
    """What is no longer paid at the renewal, and what the same licenses would cost if they were bought again today."""
    currency = request.account.currency
    price = (
        Price.objects.current().filter(plan=plan, interval=subscription.interval, currency=currency).first()
    )
    if price is None:
        return {"price": None}
    today = clock.today()
    again = (
        pro_rata(price.amount, subscription, price.interval, today)
        if subscription.renews_on > today
        else price.amount
    )
    return {
        "price": price.money,
        "saved": price.money * number,
        "ending": price.money * to_end,
        "again": Money(again, currency) * number,
    }


@require_POST
@allowed(Permission.LICENSE_REMOVE)
@shown_on(available_page)
def remove_licenses(request: Request, code: str, interval: str) -> HttpResponse:
    plan, number = _line(request, code, interval)[0], _number(request)
    if day := later(request):
        planned = licensing.plan_removal(request.account, plan, interval, number, day, by=request.actor)
        say_planned(request, planned)
        return _back()
    licensing.remove_licenses(request.account, plan, interval, number, by=request.actor)
    said = ngettext(
        "%(number)s %(plan)s license was removed.", "%(number)s %(plan)s licenses were removed.", number
    )
    messages.success(request, said % {"number": number, "plan": plan.name})
    return _back()


@require_POST
@allowed(Permission.LICENSE_REMOVE)
@shown_on(available_page)
def end_licenses(request: Request, code: str, interval: str) -> HttpResponse:
    (plan, subscription), number = _line(request, code, interval), _number(request)
    licensing.end_licenses(request.account, plan, interval, number, by=request.actor)
    said = ngettext(
        "%(number)s %(plan)s license ends on %(day)s. Until then it can be assigned, and you can take this back.",
        "%(number)s %(plan)s licenses end on %(day)s. Until then they can be assigned, and you can take this back.",
        number,
    )
    day = facts.day(subscription.renews_on)
    messages.success(request, said % {"number": number, "plan": plan.name, "day": day})
    return _back()


@require_POST
@allowed(Permission.LICENSE_REMOVE)
@shown_on(available_page)
def keep_licenses(request: Request, code: str, interval: str) -> HttpResponse:
    (plan, subscription), number = _line(request, code, interval), _number(request)
    licensing.keep_licenses(request.account, plan, interval, number, by=request.actor)
    said = ngettext(
        "%(number)s %(plan)s license renews on %(day)s after all.",
        "%(number)s %(plan)s licenses renew on %(day)s after all.",
        number,
    )
    day = facts.day(subscription.renews_on)
    messages.success(request, said % {"number": number, "plan": plan.name, "day": day})
    return _back()


def _back() -> HttpResponse:
    return redirect(reverse("licenses") + "#held")
