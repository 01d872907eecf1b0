"""Automatic licenses: rules with their preview, plans that users may claim, notices of few licenses."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.models import Group, User
from valija.accounts.permissions import Permission
from valija.domains.models import Domain
from valija.licensing import operations as licensing
from valija.licensing import rules
from valija.licensing.models import (
    ClaimedPlan,
    License,
    LicenseRequest,
    LicenseRule,
    Plan,
    PlannedChange,
    PoolNotice,
)
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on

SHOWN = 50


def tabs(request: Request, here: str) -> list[dict[str, Any]]:
    """The pages of this section that the reader may see, with what waits on each."""
    account, may = request.account, request.actor.may
    asked = LicenseRequest.objects.open().filter(account=account).count()
    planned = PlannedChange.objects.seen().filter(account=account).count()
    entries = (
        ("automatic_licenses", gettext("Rules"), Permission.RULE_SEE, 0),
        ("license_requests", gettext("Requests"), Permission.LICENSE_ASSIGN, asked),
        ("planned_changes", gettext("Planned changes"), Permission.LICENSE_ASSIGN, planned),
        ("idle_licenses", gettext("Licenses without use"), Permission.LICENSE_SEE, 0),
    )
    return [
        {"url": reverse(route), "label": label, "number": number, "current": route == here}
        for route, label, permission, number in entries
        if may(permission)
    ]


def assignable(kinds: tuple[str, ...] = (User.Kind.PERSON, User.Kind.SHARED)) -> list[Plan]:
    """The plans that people and mailboxes can hold."""
    return list(Plan.objects.offered().filter(kind__in=kinds))


@require_GET
@allowed(Permission.RULE_SEE)
def automatic_licenses(request: Request) -> HttpResponse:
    return automatic_page(request)


def automatic_page(request: Request, *_keys: Any) -> HttpResponse:
    account = request.account
    ordered = rules.rules_on(account)
    made = rules.decision(account, ordered) if ordered else None
    given = rules.holders_by_rule(account)
    plans = assignable()
    left = rules.left_in_pool(account)
    notices = dict(PoolNotice.objects.filter(account=account).values_list("plan_id", "threshold"))
    held = set(account.licenses.living().order_by().values_list("plan_id", flat=True).distinct())
    context = {
        "tabs": tabs(request, "automatic_licenses"),
        "rules": [
            {
                "rule": rule,
                "fits": made.fits[rule.pk] if made else 0,
                "given": given.get(rule.pk, 0),
                "waits": len(made.waits[rule.pk]) if made else 0,
            }
            for rule in ordered
        ],
        "carriers": _carriers(request),
        "carrier": request.GET.get("carrier", ""),
        "plans": [{"plan": plan, "left": left.get(plan.pk, 0)} for plan in plans],
        "claimed": set(ClaimedPlan.objects.filter(account=account).values_list("plan_id", flat=True)),
        "notices": [
            {
                "plan": plan,
                "threshold": _typed(request, plan, notices.get(plan.pk, 0)),
                "left": left.get(plan.pk, 0),
            }
            for plan in plans
            if plan.pk in held or plan.pk in notices
        ],
        "exceptions": User.objects.filter(rule_exception__account=account).order_by("sort_name")[:SHOWN],
        "may_change": request.actor.may(Permission.RULE_CHANGE),
    }
    return render(request, "automatic/page.html", context)


def _typed(request: Request, plan: Plan, now: int) -> str:
    return request.POST.get(f"threshold_{plan.code}", str(now)) if request.method == "POST" else str(now)


def _carriers(request: Request) -> list[dict[str, Any]]:
    """What can carry a plan: groups and approved domains."""
    groups = request.account.groups.order_by("sort_name").values_list("id", "name")
    domains = request.account.domains.approved().order_by("name")
    return [
        {"label": gettext("Groups of users"), "choices": [(f"group:{key}", name) for key, name in groups]},
        {"label": gettext("Domains"), "choices": [(f"domain:{each.pk}", each.in_words) for each in domains]},
    ]


def _carrier(request: Request, text: str) -> Group | Domain:
    kind, _colon, key = text.partition(":")
    try:
        wanted = UUID(key)
    except ValueError:
        return found(None)
    if kind == "group":
        return found(request.account.groups.filter(pk=wanted).first())
    return found(request.account.domains.filter(pk=wanted).first())


def _plan(code: str) -> Plan:
    return found(Plan.objects.offered().filter(code=code.replace("\0", "")).first())


@require_GET
@allowed(Permission.RULE_CHANGE)
def preview_rule(request: Request) -> HttpResponse:
    """First the plan: who gets a license, who waits, in which order. Nothing is changed."""
    if not request.GET.get("carrier") or not request.GET.get("plan"):
        messages.error(request, gettext("Choose a group or a domain, and a plan."))
        return redirect(reverse("automatic_licenses") + "#new")
    return _preview(request, request.GET["carrier"], request.GET["plan"])


def _preview(request: Request, carrier: str, code: str) -> HttpResponse:
    plan, what = _plan(code), _carrier(request, carrier)
    context = {
        "preview": rules.preview(request.account, plan, what),
        "plan": plan,
        "carrier": carrier,
        "in_order": rules.rules_on(request.account),
        "path": f"{reverse('preview_rule')}?carrier={carrier}&plan={plan.code}",
    }
    return render(request, "automatic/preview.html", context)


def preview_again(request: Request) -> HttpResponse:
    return _preview(request, request.POST.get("carrier", ""), request.POST.get("plan", ""))


@require_POST
@allowed(Permission.RULE_CHANGE)
@shown_on(preview_again)
def switch_on_rule(request: Request) -> HttpResponse:
    plan = _plan(request.POST.get("plan", ""))
    carrier = _carrier(request, request.POST.get("carrier", ""))
    rule = licensing.switch_on_rule(request.account, plan, carrier, by=request.actor)
    said = gettext("The rule is on: %(carrier)s, %(plan)s. Licenses are given in the next moments.")
    messages.success(request, said % {"carrier": rule.in_words, "plan": plan.name})
    return redirect("license_rule", rule.pk)


# One rule


@require_GET
@allowed(Permission.RULE_SEE)
def license_rule(request: Request, rule_id: UUID) -> HttpResponse:
    return rule_page(request, rule_id)


def rule_page(request: Request, rule_id: UUID) -> HttpResponse:
    rule = _own(request, rule_id)
    made = rules.decision(request.account)
    waits = made.waits.get(rule.pk, [])
    soon = [give.person for give in made.give if give.rule == rule.pk]
    named = User.objects.in_bulk([*waits[:SHOWN], *soon[:SHOWN]])
    held = License.objects.filter(given_by=rule).select_related("holder").order_by("holder__sort_name", "id")
    context = {
        "rule": rule,
        "fits": made.fits.get(rule.pk, 0),
        "holders": [license.holder for license in held[:SHOWN]],
        "given": held.count(),
        "soon": [named[key] for key in soon[:SHOWN]],
        "soon_number": len(soon),
        "waits": [named[key] for key in waits[:SHOWN]],
        "waits_number": len(waits),
        "available": rules.left_in_pool(request.account).get(rule.plan_id, 0),
        "may_change": request.actor.may(Permission.RULE_CHANGE) and rule.ended_at is None,
    }
    return render(request, "automatic/rule.html", context)


def _own(request: Request, rule_id: UUID) -> LicenseRule:
    rows = LicenseRule.objects.filter(account=request.account).select_related(
        "account", "plan", "group", "domain"
    )
    return found(rows.filter(pk=rule_id).first())


@require_POST
@allowed(Permission.RULE_CHANGE)
@shown_on(rule_page)
def switch_off_rule(request: Request, rule_id: UUID) -> HttpResponse:
    rule = licensing.switch_off_rule(_own(request, rule_id), by=request.actor)
    said = gettext("The rule is off: %(carrier)s, %(plan)s. Whoever has a license by it keeps it.")
    messages.success(request, said % {"carrier": rule.in_words, "plan": rule.plan.name})
    return redirect("automatic_licenses")


@require_POST
@allowed(Permission.RULE_CHANGE)
@shown_on(rule_page)
def switch_off_rule_and_free(request: Request, rule_id: UUID) -> HttpResponse:
    rule = licensing.switch_off_rule_and_free(_own(request, rule_id), by=request.actor)
    said = gettext(
        "The rule is off: %(carrier)s, %(plan)s. The licenses it gave return to the pool in the next moments."
    )
    messages.success(request, said % {"carrier": rule.in_words, "plan": rule.plan.name})
    return redirect("automatic_licenses")


@require_POST
@allowed(Permission.RULE_CHANGE)
def allow_rules(request: Request) -> HttpResponse:
    """The rules may give this person a license again."""
    try:
        user = found(request.account.users.filter(pk=UUID(request.POST.get("user", ""))).first())
    except ValueError:
        user = found(None)
    licensing.allow_rules(user, by=request.actor)
    messages.success(request, gettext("Rules apply to %(user)s again.") % {"user": user.full_name})
    return redirect("automatic_licenses")


# Claims and notices


@require_POST
@allowed(Permission.RULE_CHANGE)
@shown_on(automatic_page)
def allow_claims(request: Request) -> HttpResponse:
    chosen = [plan for plan in assignable() if plan.code in request.POST.getlist("plan")]
    licensing.allow_claims(request.account, chosen, by=request.actor)
    messages.success(request, gettext("The plans that users may claim are saved."))
    return redirect(reverse("automatic_licenses") + "#claims")


@require_POST
@allowed(Permission.RULE_CHANGE)
@shown_on(automatic_page)
def notify_of_small_pool(request: Request) -> HttpResponse:
    wanted = {
        plan: _number(request.POST[f"threshold_{plan.code}"])
        for plan in assignable()
        if f"threshold_{plan.code}" in request.POST
    }
    licensing.notify_of_small_pools(request.account, wanted, by=request.actor)
    messages.success(request, gettext("The notices are saved."))
    return redirect(reverse("automatic_licenses") + "#notices")


def _number(text: str) -> int:
    """What was typed; what is no number is refused by the operation like any impossible one."""
    text = text.strip() or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else -1
