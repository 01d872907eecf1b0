"""License management and purchases: plans, the cart, the confirmation, and the way back from the payment page."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from babel.units import format_unit
from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.billing import operations as billing
from valija.billing.models import CartLine, Order
from valija.billing.providers import REASONS
from valija.billing.quote import Renewal, plans_with_prices, pro_rata, quote_cart, quote_lines, renewal_of
from valija.billing.taxes import NoTaxRate
from valija.core import clock
from valija.core.errors import Refusal
from valija.core.ids import new_id
from valija.core.money import Money
from valija.licensing.entitlements import GIGABYTE, MEGABYTE
from valija.licensing.models import SOLD, Interval, License, Plan, Price, Subscription
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on


@require_GET
@allowed(Permission.LICENSE_SEE)
def licenses(request: Request) -> HttpResponse:
    return licenses_page(request)


def licenses_page(request: Request, line_id: UUID | None = None) -> HttpResponse:
    account = request.account
    kind = _chosen(request, "for", Plan.Kind.values, Plan.Kind.PERSON)
    interval = _chosen(request, "interval", SOLD, Interval.YEAR)
    offers = [(plan, price) for plan, price in plans_with_prices(account, interval) if plan.kind == kind]
    subscription = account.subscriptions.running().filter(interval=interval).first()
    context = {
        "offers": [_offer(plan, price, subscription) for plan, price in offers if not plan.on_request],
        "on_request": [plan for plan, _price in offers if plan.on_request],
        "kind": kind,
        "kinds": Plan.Kind.choices,
        "interval": interval,
        "most": billing.MOST_AT_ONCE,
        "typed_plan": request.POST.get("plan", ""),
        "typed": request.POST.get("quantity", ""),
        "typed_line": line_id,
        # After a refused form this page stands under the form's address, where nothing can be fetched.
        "path": _address(kind, interval) if request.method == "POST" else request.get_full_path(),
        "may_remove": request.actor.may(Permission.LICENSE_REMOVE),
        "overdue": [each for each in account.subscriptions.running() if each.past_due_since],
        "may_try": request.actor.may(Permission.TRIAL_START) and billing.may_try(account),
        **_held(account),
        **_cart(account),
    }
    return render(request, "billing/licenses.html", context)


def _offer(plan: Plan, price: Price | None, subscription: Subscription | None) -> dict[str, Any]:
    """A plan, what it costs, and what it costs until the renewal where that is less."""
    until_renewal = None
    if price and subscription and subscription.renews_on > (today := clock.today()):
        due = pro_rata(price.amount, subscription, price.interval, today)
        until_renewal = Money(due, price.currency) if due != price.amount else None
    return {
        "plan": plan,
        "price": price.money if price else None,
        "until_renewal": until_renewal,
        "allows": plan.allows,
        "size": _size(plan.allows.send_bytes),
    }


def _size(octets: int) -> str:
    """100 MB, 2.5 GB, 2,5 Go: thousands, as they are sold."""
    number, unit = (octets / GIGABYTE, "gigabyte") if octets >= GIGABYTE else (octets / MEGABYTE, "megabyte")
    return format_unit(number, f"digital-{unit}", "short", locale=get_language())


def _chosen(request: Request, name: str, possible: Sequence[str], otherwise: str) -> str:
    value = request.GET.get(name) or request.POST.get(name, "")
    return value if value in possible else otherwise


def _held(account: Account) -> dict[str, Any]:
    prices = {
        (price.plan_id, price.interval): price.amount
        for price in Price.objects.current().filter(currency=account.currency)
    }
    held = []
    for row in License.objects.filter(account=account).per_plan():
        price = Money(prices.get((row["plan_id"], row["interval"]), 0), account.currency)
        held.append(
            {
                **row,
                "price": price,
                "renewal": price * (int(str(row["total"])) - int(str(row["to_end"]))),
                "label": Interval(row["interval"]).label,
            }
        )
    return {"held": held, "renewals": _renewals(account) if held else []}


def _renewals(account: Account) -> list[Renewal]:
    """What each subscription costs when it renews; nothing is said where the taxes are not known."""
    try:
        return [renewal_of(account, each) for each in account.subscriptions.running()]
    except NoTaxRate:
        return []


def _cart(account: Account) -> dict[str, Any]:
    """The cart with its amounts; where they cannot be said, its lines and why."""
    # Read once: another tab may change the cart while this page is made.
    rows = list(account.cart.select_related("plan").order_by("interval", "plan__rank"))
    try:
        quote = quote_lines(account, rows, on=clock.today())
    except Refusal as reason:
        return {"quote": None, "lines": [{"row": row} for row in rows], "unquoted": reason}
    lines = [{"row": row, "quote": line} for row, line in zip(rows, quote.lines, strict=True)]
    return {"quote": quote, "lines": lines, "unquoted": None}


def _quantity(request: Request) -> int:
    """The number that was typed; what is no number is refused by the operation like any impossible one."""
    typed = request.POST.get("quantity", "").strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 0


@require_POST
@allowed(Permission.LICENSE_SEE)
@shown_on(licenses_page)
def add_to_cart(request: Request) -> HttpResponse:
    plan = found(Plan.objects.filter(code=request.POST.get("plan", "")).first())
    interval = _chosen(request, "interval", SOLD, Interval.YEAR)
    quantity = _quantity(request)
    billing.add_to_cart(request.account, plan, quantity, by=request.actor, interval=interval)
    messages.success(
        request,
        ngettext(
            "%(number)s %(plan)s license is in the cart.",
            "%(number)s %(plan)s licenses are in the cart.",
            quantity,
        )
        % {"number": quantity, "plan": plan.name},
    )
    return _back(request)


@require_POST
@allowed(Permission.LICENSE_SEE)
@shown_on(licenses_page)
def change_cart_line(request: Request, line_id: UUID) -> HttpResponse:
    billing.change_cart_line(request.account, _line(request, line_id), _quantity(request), by=request.actor)
    return _back(request)


@require_POST
@allowed(Permission.LICENSE_SEE)
def remove_from_cart(request: Request, line_id: UUID) -> HttpResponse:
    line = request.account.cart.filter(pk=line_id).select_related("plan").first()
    if line is not None:  # a second press finds it gone already, which is what was wanted
        billing.remove_from_cart(request.account, line, by=request.actor)
    return _back(request)


def _line(request: Request, line_id: UUID) -> CartLine:
    return found(request.account.cart.filter(pk=line_id).select_related("plan").first())


def _back(request: Request) -> HttpResponse:
    kind = _chosen(request, "for", Plan.Kind.values, Plan.Kind.PERSON)
    interval = _chosen(request, "interval", SOLD, Interval.YEAR)
    return redirect(_address(kind, interval) + "#cart")


def _address(kind: str, interval: str) -> str:
    return f"{reverse('licenses')}?for={kind}&interval={interval}"


# Confirming and paying


@require_GET
@never_cache
@allowed(Permission.ORDER_PLACE)
def confirm_purchase(request: Request) -> HttpResponse:
    return confirm_page(request)


def confirm_page(request: Request) -> HttpResponse:
    try:
        quote = quote_cart(request.account)
    except Refusal as reason:  # told beside the cart, where the line can be removed
        return _to_the_cart(request, reason)
    if not quote.lines:
        return _to_the_cart(request, billing.EmptyCart())
    context = {"quote": quote, "key": request.POST.get("key") or new_id().hex, "back": reverse("licenses") + "#cart", "path": reverse("confirm_purchase"),
               "unticked": request.method == "POST" and not request.POST.get("agreed")}  # fmt: skip
    return render(request, "billing/confirm.html", context)


def _to_the_cart(request: Request, reason: Refusal) -> HttpResponse:
    if request.method == "POST":
        return licenses_page(request)
    messages.info(request, str(reason))
    return redirect(reverse("licenses") + "#cart")


@require_POST
@allowed(Permission.ORDER_PLACE)
@shown_on(confirm_page)
def place_order(request: Request) -> HttpResponse:
    if not request.POST.get("agreed"):
        response = confirm_page(request)
        response.status_code = 422
        return response
    order = billing.place_order(
        request.account,
        request.user,
        shown=request.POST.get("fingerprint", ""),
        key=request.POST.get("key", "")[:64],
        by=request.actor,
    )
    if order.paid_at:
        return arrived(request, order)
    return redirect(order.payment.page_url)


@require_GET
@never_cache
@allowed(Permission.ORDER_PLACE)
def purchase_return(request: Request, order_id: UUID) -> HttpResponse:
    """Where the payment page leads back to, whatever became of the payment."""
    order = billing.look_after(_order(request, order_id), by=request.actor)
    if order.standing == "processing":
        return render(request, "billing/waiting.html", {"order": order}, status=202)
    there = arrived(request, order)
    if request.headers.get("HX-Request"):  # the waiting page asked: the whole browser has to go on
        return HttpResponse(headers={"HX-Redirect": there["Location"]})
    return there


def _order(request: Request, order_id: UUID) -> Order:
    orders = request.account.orders.select_related("payment", "buyer").prefetch_related("lines")
    return found(orders.filter(pk=order_id).first())


def arrived(request: Request, order: Order) -> HttpResponse:
    """Back in the portal, with the news."""
    if order.kind != Order.Kind.PURCHASE:
        return _arrived_otherwise(request, order)
    if order.paid_at:
        prefetch_related_objects([order], "lines")
        told = ngettext(
            "Purchase %(order)s is paid. %(what)s: the license is available and can be assigned in user management.",
            "Purchase %(order)s is paid. %(what)s: the licenses are available and can be assigned in user management.",
            order.licenses,
        )
        sentence = told % {"order": order.number, "what": order.what}
        if request.actor.may(Permission.USER_SEE):
            messages.success(
                request,
                format_html('{} <a href="{}">{}</a>', sentence, reverse("users"), gettext("User management")),
            )
        else:
            messages.success(request, sentence)
    elif order.standing == "refused":
        reason = REASONS.get(order.payment.reason, REASONS["card_declined"])
        messages.error(
            request,
            gettext(
                "Nothing was charged: %(reason)s. The cart is as it was; confirm it again to use another card."
            )
            % {"reason": reason},
        )
    else:
        messages.info(request, gettext("Nothing was paid and nothing was charged. The cart is as it was."))
    return redirect("licenses")


PAID = {
    Order.Kind.UPGRADE: gettext_lazy(
        "Upgrade %(order)s is paid and in effect: %(what)s. Nobody has to do anything."
    ),
    Order.Kind.ACTIVATIONS: gettext_lazy("Purchase %(order)s is paid: the activations can be used now."),
    Order.Kind.RENEWAL: gettext_lazy("Renewal %(order)s is paid. All licenses work as before."),
}


def _arrived_otherwise(request: Request, order: Order) -> HttpResponse:
    """The news of an upgrade, of activations or of a renewal."""
    if order.paid_at:
        sentence = PAID[Order.Kind(order.kind)] % {"order": order.number, "what": order.what}
        messages.success(request, sentence)
    elif order.standing == "processing":
        messages.info(request, gettext("The bank has the payment and has not answered yet."))
    elif order.standing == "refused":
        reason = REASONS.get(order.payment.reason, REASONS["card_declined"])
        said = gettext("Nothing was charged: %(reason)s. Nothing has changed; you can try another card.")
        messages.error(request, said % {"reason": reason})
    else:
        messages.info(request, gettext("Nothing was paid, nothing was charged, and nothing has changed."))
    return redirect("subscriptions" if order.kind == Order.Kind.RENEWAL else "licenses")


@require_GET
@allowed(Permission.BILLING_SEE)
def purchases(request: Request) -> HttpResponse:
    orders = (
        request.account.orders.select_related("payment", "buyer")
        .prefetch_related("lines")
        .order_by("-id")[:100]
    )
    return render(request, "billing/purchases.html", {"orders": orders})


@require_GET
@allowed(Permission.BILLING_SEE)
def purchase(request: Request, order_id: UUID) -> HttpResponse:
    order = _order(request, order_id)
    lines = list(order.lines.select_related("old_plan"))
    for line in lines:
        line.order = order  # its currency, without asking for each line
    computed = {"lines": lines, "net_money": order.net_money}
    changes = any(line.is_change for line in lines)
    context = {"order": order, "lines": lines, "computed": computed, "changes": changes}
    return render(request, "billing/purchase.html", context)
