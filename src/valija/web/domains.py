"""Domains: which are the account's own, the record that proves one, and the form that enters another."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from valija.accounts.permissions import Permission
from valija.core.pages import page_of
from valija.domains import operations
from valija.domains.dns import Result
from valija.domains.models import Domain
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on

PAGE = 50
# How a state looks, and what it is called.
STATES = {
    "waiting": ("wait", _("Waiting for the record")),
    "proved": ("ok", _("Approved by DNS")),
    "approved": ("ok", _("Approved by the provider")),
    "lost": ("half", _("Approved, record missing")),
    "refused": ("stop", _("Refused")),
    "taken": ("stop", _("Belongs to another account")),
}
RESULTS = {
    Result.FOUND: _("record found"),
    Result.MISSING: _("record not found"),
    Result.NO_ANSWER: _("the domain's servers did not answer"),
}
ABOUT_ENTERING = (
    operations.DomainNotValid, operations.PublicDomain, operations.ThrowAwayDomain, operations.DomainTaken,
    operations.TooManyDomainsWaiting,
)  # fmt: skip


class NewDomain(forms.Form):
    """The domain that somebody enters. Shown here, decided by the operation."""

    name = forms.CharField(
        label=_("Domain"),
        max_length=1000,
        help_text=_("What stands after the @ of your addresses, for example clinic.example."),
    )


@require_GET
@allowed(Permission.DOMAIN_SEE)
def domains(request: Request) -> HttpResponse:
    return domains_page(request)


def domains_page(request: Request, domain_id: UUID | None = None) -> HttpResponse:
    cursors = request.GET
    page = page_of(
        request.account.domains.all(), by=("name", "id"), size=PAGE,
        after=cursors.get("after", ""), before=cursors.get("before", ""),
    )  # fmt: skip
    rows = [_shown(domain) for domain in page.rows]
    context = {
        "page": page,
        "first": page.first.in_words if page.first else "",
        "last": page.last.in_words if page.last else "",
        "to_publish": [row for row in rows if row["domain"].state in {"waiting", "lost"}],
        "others": [row for row in rows if row["domain"].state not in {"waiting", "lost"}],
        "may_claim": request.actor.may(Permission.DOMAIN_CLAIM),
        "form": _form(request),
    }
    return render(request, "domains/page.html", context)


def _shown(domain: Domain) -> dict[str, Any]:
    look, state = STATES[domain.state]
    return {
        "domain": domain,
        "look": look,
        "state": state,
        "result": RESULTS.get(domain.check_result, _("under way")) if domain.checked_at else "",  # type: ignore[call-overload]
        # A stranger could imitate a name with the letters of another alphabet: both forms are shown.
        "ascii": domain.name if domain.name != domain.in_words else "",
    }


def _form(request: Request) -> NewDomain:
    if "name" not in request.POST:
        return NewDomain(auto_id="new_%s", label_suffix="")
    form = NewDomain(request.POST, auto_id="new_%s", label_suffix="")
    refusal = getattr(request, "refusal", None)
    if isinstance(refusal, ABOUT_ENTERING):
        form.add_error("name", str(refusal))
        request.refusal = None  # type: ignore[attr-defined]  # said at the field
    return form


@require_POST
@allowed(Permission.DOMAIN_CLAIM)
@shown_on(domains_page)
def claim_domain(request: Request) -> HttpResponse:
    """Enter a domain for approval."""
    form = NewDomain(request.POST)
    if not form.is_valid():
        response = domains_page(request)
        response.status_code = 422
        return response
    domain = operations.claim_domain(request.account, form.cleaned_data["name"], by=request.actor)
    if domain.approved_at:
        messages.info(request, gettext("%(domain)s is already approved.") % {"domain": domain.in_words})
        return redirect("domains")
    said = gettext(
        "%(domain)s is entered. Now publish the record shown below: we look for it by ourselves and write to you when it is found."
    )
    messages.success(request, said % {"domain": domain.in_words})
    return redirect(f"{reverse('domains')}#domain-{domain.pk}")


@require_POST
@allowed(Permission.DOMAIN_CLAIM)
@shown_on(domains_page)
def check_domain(request: Request, domain_id: UUID) -> HttpResponse:
    """Look for the record now."""
    domain = operations.check_domain(_own(request, domain_id), by=request.actor)
    level, said = _outcome(domain)
    messages.add_message(request, level, said % {"domain": domain.in_words})
    return redirect("domains")


def _outcome(domain: Domain) -> tuple[int, str]:
    if domain.state == "taken":
        return messages.ERROR, gettext("Another account has proved that %(domain)s is its own.")
    if domain.check_result == Result.FOUND:
        return messages.SUCCESS, gettext("The record of %(domain)s was found: the domain is approved by DNS.")
    if domain.check_result == Result.NO_ANSWER:
        return messages.WARNING, gettext(
            "The servers of %(domain)s did not answer, so nothing is known and nothing changes. We try again by ourselves."
        )
    if domain.approved_at:
        return messages.WARNING, gettext(
            "The record of %(domain)s was not found. The domain stays approved; nothing changes for its people."
        )
    return messages.WARNING, gettext(
        "The record of %(domain)s was not found yet. A new record can take an hour to be seen everywhere; we keep looking by ourselves."
    )


@require_POST
@allowed(Permission.DOMAIN_CLAIM)
@shown_on(domains_page)
def remove_domain(request: Request, domain_id: UUID) -> HttpResponse:
    domain = _own(request, domain_id)
    operations.remove_domain(domain, by=request.actor)
    messages.success(request, gettext("%(domain)s was removed.") % {"domain": domain.in_words})
    return redirect("domains")


def _own(request: Request, domain_id: UUID) -> Domain:
    return found(request.account.domains.select_related("account").filter(pk=domain_id).first())
