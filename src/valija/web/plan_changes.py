"""Giving licenses another plan: a higher one is paid and takes effect at once, a lower one comes at the renewal or now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from valija.accounts.permissions import Permission
from valija.billing import operations as billing
from valija.billing.quote import MOST_ACTIVATIONS, Quote, quote_activations, quote_upgrade
from valija.core import clock, facts
from valija.core.errors import Refusal
from valija.core.ids import new_id
from valija.core.money import Money
from valija.licensing.models import License, Plan, Price
from valija.web.access import Request, allowed
from valija.web.billing import arrived
from valija.web.errors import found, shown_on

NAMED = 8  # holders named before «and so many more»
NOW, AT_RENEWAL = "now", "renewal"


@dataclass(frozen=True)
class Chosen:
    """The licenses that a page is about."""

    licenses: list[License]

    @property
    def number(self) -> int:
        return len(self.licenses)

    @property
    def keys(self) -> list[UUID]:
        return [license.pk for license in self.licenses]

    @property
    def named(self) -> list[License]:
        return self.licenses[:NAMED]

    @property
    def more(self) -> int:
        return max(0, self.number - NAMED)

    @property
    def renews(self) -> str:
        return facts.day(self.licenses[0].renews_on) if self.licenses else ""


def _chosen(request: Request) -> Chosen:
    """Those that were ticked, or so many of a plan that nobody holds."""
    asked = request.POST if request.method == "POST" else request.GET
    if pool := asked.get("pool"):
        plan = found(Plan.objects.filter(code=pool).first())
        number = _number(asked.get("number", "")) or billing.MOST_AT_ONCE
        free = request.account.licenses.available(plan).of(plan, asked.get("interval", ""))
        free = free.select_related("plan", "subscription", "holder", "becomes")
        return Chosen(list(free[: min(number, billing.MOST_AT_ONCE)]))
    try:
        keys = [UUID(each) for each in asked.getlist("license")]
    except ValueError:
        keys = []
    return Chosen(billing.chosen(request.account, keys))


def _number(typed: str) -> int:
    typed = typed.strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 0


def _plan(request: Request) -> Plan | None:
    code = request.POST.get("plan") or request.GET.get("plan", "")
    return found(Plan.objects.filter(code=code).first()) if code else None


def _away(request: Request, reason: Refusal) -> HttpResponse:
    """What cannot be changed at all is told where the licenses are."""
    messages.error(request, str(reason))
    return redirect(reverse("licenses") + "#held")


# Higher


@require_safe
@never_cache
@allowed(Permission.ORDER_PLACE)
def quote_upgrade_page(request: Request) -> HttpResponse:
    return upgrade_page(request)


def upgrade_page(request: Request) -> HttpResponse:
    """First which plan, with what each costs; then, before anything is charged, every amount."""
    try:
        chosen = _chosen(request)
        plan = _plan(request)
        quote = quote_upgrade(request.account, chosen.licenses, plan, on=clock.today()) if plan else None
        offers = [] if quote else _higher(request, chosen)
    except Refusal as reason:
        return _away(request, reason)
    context = {
        "chosen": chosen, "plan": plan, "quote": quote, "offers": offers, "back": _back(chosen),
        "path": reverse("quote_upgrade"), **_window(request),
    }  # fmt: skip
    return render(request, "billing/upgrade.html", context)


def _window(request: Request) -> dict[str, Any]:
    """The key of a window that pays: the same window pays once."""
    unticked = request.method == "POST" and not request.POST.get("agreed")
    return {"key": request.POST.get("key") or new_id().hex, "unticked": unticked}


def _higher(request: Request, chosen: Chosen) -> list[dict[str, Any]]:
    """Every higher plan with what it costs now; an upgrade that is not possible at all is refused here already."""
    if not chosen.licenses:
        quote_upgrade(request.account, [], Plan(), on=clock.today())
    highest = max(license.plan.rank for license in chosen.licenses)
    plans = Plan.objects.sold().filter(kind=chosen.licenses[0].plan.kind, rank__gt=highest)
    offers = []
    for plan in plans:
        quote = quote_upgrade(request.account, chosen.licenses, plan, on=clock.today())
        offers.append(
            {"plan": plan, "due": quote.due, "price": Money(quote.lines[0].unit_price, quote.currency)}
        )
    return offers


def _back(chosen: Chosen) -> str:
    if not chosen.licenses or chosen.licenses[0].holder_id is None:
        return reverse("licenses") + "#held"
    first = chosen.licenses[0]
    return reverse("license_holders", args=[first.plan.code, first.subscription.interval])


@require_POST
@allowed(Permission.ORDER_PLACE)
@shown_on(upgrade_page)
def upgrade_licenses(request: Request) -> HttpResponse:
    if not request.POST.get("agreed"):
        response = upgrade_page(request)
        response.status_code = 422
        return response
    order = billing.upgrade_licenses(
        request.account, request.user, _keys(request), found(_plan(request)),
        shown=request.POST.get("fingerprint", ""), key=request.POST.get("key", "")[:64], by=request.actor,
    )  # fmt: skip
    return arrived(request, order) if order.paid_at else redirect(order.payment.page_url)


def _keys(request: Request) -> Sequence[UUID]:
    try:
        return [UUID(each) for each in request.POST.getlist("license")]
    except ValueError:
        return []


# More activations


@require_safe
@never_cache
@allowed(Permission.ORDER_PLACE)
def quote_activations_page(request: Request, license_id: UUID) -> HttpResponse:
    return activations_page(request, license_id)


def activations_page(request: Request, license_id: UUID) -> HttpResponse:
    """How many devices more; then what it costs."""
    license = _license(request, license_id)
    typed = request.POST.get("more") or request.GET.get("more", "")
    wrong: Refusal | None = None
    quote: Quote | None = None
    if typed:
        try:
            billing.require_number(_number(typed))
            quote = quote_activations(request.account, [license], _number(typed), on=clock.today())
        except billing.ActivationsNotValid as refusal:
            wrong = refusal
        except Refusal as reason:
            return _away(request, reason)
    price = Price.objects.current().filter(
        plan=license.plan, interval=license.subscription.interval, currency=request.account.currency
    )
    context = {
        "license": license, "quote": quote, "typed": typed, "wrong": wrong, "most": MOST_ACTIVATIONS,
        "price": price.first(), "back": reverse("show_license", args=[license.pk]), "path": request.path, **_window(request),
    }  # fmt: skip
    return render(request, "billing/activations.html", context, status=wrong.status if wrong else 200)


def _license(request: Request, license_id: UUID) -> License:
    rows = request.account.licenses.living().select_related("plan", "subscription", "holder")
    return found(rows.filter(pk=license_id).first())


@require_POST
@allowed(Permission.ORDER_PLACE)
@shown_on(activations_page)
def raise_activations(request: Request, license_id: UUID) -> HttpResponse:
    if not request.POST.get("agreed"):
        response = activations_page(request, license_id)
        response.status_code = 422
        return response
    license = _license(request, license_id)
    order = billing.raise_activations(
        request.account, request.user, [license.pk], _number(request.POST.get("more", "")),
        shown=request.POST.get("fingerprint", ""), key=request.POST.get("key", "")[:64], by=request.actor,
    )  # fmt: skip
    return arrived(request, order) if order.paid_at else redirect(order.payment.page_url)


# Lower


@require_safe
@never_cache
@allowed(Permission.LICENSE_DOWNGRADE)
def downgrade(request: Request) -> HttpResponse:
    return downgrade_page(request)


def downgrade_page(request: Request) -> HttpResponse:
    """First which plan and when; then what it means, in names, numbers and money."""
    try:
        chosen = _chosen(request)
        billing.require_changeable(chosen.licenses)
    except Refusal as reason:
        return _away(request, reason)
    plan = _plan(request)
    when = NOW if (request.POST.get("when") or request.GET.get("when")) == NOW else AT_RENEWAL
    lowest = min(license.plan.rank for license in chosen.licenses)
    lower = Plan.objects.sold().filter(kind=chosen.licenses[0].plan.kind, rank__lt=lowest)
    context = {
        "chosen": chosen, "plan": plan, "when": when, "plans": list(lower), "becoming": _becoming(chosen),
        "back": _back(chosen), "path": reverse("downgrade"), **(_saved(request, chosen, plan) if plan else {}),
    }  # fmt: skip
    return render(request, "billing/downgrade.html", context)


def _becoming(chosen: Chosen) -> list[License]:
    return [license for license in chosen.licenses if license.becomes_id]


def _saved(request: Request, chosen: Chosen, plan: Plan) -> dict[str, Any]:
    """What the licenses cost at the renewal as they are, and as they would be."""
    current = Price.objects.current().filter(currency=request.account.currency)
    prices = {(price.plan_id, price.interval): price.amount for price in current}
    intervals = [(license, license.subscription.interval) for license in chosen.licenses]
    before = sum(
        prices.get((license.plan_id, interval), license.worth or 0) for license, interval in intervals
    )
    after = sum(prices.get((plan.pk, interval), 0) for _license, interval in intervals)
    currency = request.account.currency
    return {
        "before": Money(before, currency), "after": Money(after, currency), "saved": Money(before - after, currency)
    }  # fmt: skip


@require_POST
@allowed(Permission.LICENSE_DOWNGRADE)
@shown_on(downgrade_page)
def downgrade_licenses(request: Request) -> HttpResponse:
    plan = found(_plan(request))
    done = billing.downgrade_licenses(request.account, _keys(request), plan, by=request.actor)
    said = ngettext(
        "%(number)s license will be %(plan)s from %(day)s. Until then nothing changes, and you can take it back.",
        "%(number)s licenses will be %(plan)s from %(day)s. Until then nothing changes, and you can take it back.",
        len(done),
    )
    day = facts.day(done[0].renews_on)
    messages.success(request, said % {"number": len(done), "plan": plan.name, "day": day})
    return redirect(reverse("licenses") + "#held")


@require_POST
@allowed(Permission.LICENSE_DOWNGRADE)
@shown_on(downgrade_page)
def downgrade_licenses_now(request: Request) -> HttpResponse:
    plan = found(_plan(request))
    done = billing.downgrade_licenses_now(request.account, _keys(request), plan, by=request.actor)
    said = ngettext("%(number)s license is %(plan)s now.", "%(number)s licenses are %(plan)s now.", len(done))
    messages.success(request, said % {"number": len(done), "plan": plan.name})
    return redirect(reverse("licenses") + "#held")


@require_POST
@allowed(Permission.LICENSE_DOWNGRADE)
def keep_plans(request: Request) -> HttpResponse:
    done = billing.keep_plans(request.account, _keys(request), by=request.actor)
    said = ngettext("%(number)s license keeps its plan.", "%(number)s licenses keep their plan.", len(done))
    messages.success(request, said % {"number": len(done)})
    return redirect(reverse("licenses") + "#held")
