"""The provider's console: domains that wait for his word, the accounts, opening one, and whether all is well."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from babel import Locale
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST
from django_ox.models import OxTask

from valija.accounts.models import Account, Language, User
from valija.accounts.operations import AddressNotValid, AddressTaken, NameMissing
from valija.accounts.permissions import Permission
from valija.billing.models import TaxRate
from valija.core import clock
from valija.core.errors import InvalidInput, Refusal
from valija.core.pages import Page, page_of
from valija.domains import operations
from valija.domains.models import Domain
from valija.licensing.models import License, Price
from valija.mail.models import Letter
from valija.web import choices
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on

PAGE = 50
WAITING_SHOWN = 50
WORKER_RESTS = timedelta(minutes=5)  # its clock strikes every few seconds
# Which field of the form a refusal is about, where it does not say so itself.
FIELDS: dict[type[Refusal], str] = {
    AddressTaken: "admin_email",
    AddressNotValid: "admin_email",
    operations.ThrowAwayDomain: "admin_email",
    operations.DomainNotValid: "admin_email",
    NameMissing: "admin_first_name",
}


class NewAccount(forms.Form):
    """What is asked about a new account and its first administrator."""

    name = forms.CharField(label=_("Name of the business"), max_length=120)
    country = forms.ChoiceField(label=_("Country"))
    region = forms.CharField(
        label=_("Region"),
        max_length=6,
        required=False,
        help_text=_("Only where taxes differ by region, for example QC in Canada."),
    )
    currency = forms.ChoiceField(label=_("Currency"))
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    time_zone = forms.ChoiceField(label=_("Time zone"))
    admin_first_name = forms.CharField(label=_("First name"), max_length=80)
    admin_last_name = forms.CharField(label=_("Last name"), max_length=80, required=False)
    admin_email = forms.CharField(label=_("E-mail address"), max_length=254, widget=forms.EmailInput)

    def __init__(self, own: Account, data: Any = None) -> None:
        initial = {
            "country": own.country,
            "currency": own.currency,
            "language": own.language,
            "time_zone": own.time_zone,
        }
        super().__init__(data, auto_id="new_%s", label_suffix="", initial=initial)
        language = get_language() or "en"
        self.regions: dict[str, set[str]] = {}
        # Only countries whose taxes are known: elsewhere nothing could be bought.
        for country, region in TaxRate.objects.values_list("country", "region").distinct():
            self.regions.setdefault(country, set()).add(region)
        self._choose("country", _countries(language, set(self.regions)))
        self._choose("currency", [(code, code) for code in _currencies(own)])
        self._choose("time_zone", choices.time_zones(language, own.time_zone))

    def _choose(self, name: str, possible: list[Any]) -> None:
        self.fields[name].choices = possible  # type: ignore[attr-defined]

    def clean_region(self) -> str:
        """Upper case, and one whose taxes are known; none where the country has no regions."""
        region: str = self.cleaned_data["region"].strip().upper()
        possible = self.regions.get(self.cleaned_data.get("country", ""), {region})
        if region not in possible:
            named = ", ".join(sorted(filter(None, possible)))
            raise forms.ValidationError(
                gettext("Enter one of these: %(regions)s.") % {"regions": named}
                if named
                else gettext("Leave this empty: the taxes of this country are the same everywhere.")
            )
        return region

    def refuse(self, refusal: Refusal) -> bool:
        """Show a refusal at the field it is about; whether there is one."""
        field = FIELDS.get(type(refusal), refusal.field if isinstance(refusal, InvalidInput) else "")
        if field not in self.fields:
            return False
        self.add_error(field, str(refusal))
        return True


def _countries(language: str, codes: set[str]) -> list[tuple[str, str]]:
    names = Locale.parse(language).territories
    return sorted(((code, names.get(code, code)) for code in codes), key=lambda choice: choice[1])


def _currencies(own: Account) -> list[str]:
    return sorted({own.currency, *Price.objects.current().values_list("currency", flat=True).distinct()})


@require_GET
@allowed(Permission.DOMAIN_APPROVE)
def provider_console(request: Request) -> HttpResponse:
    return console_page(request)


def console_page(request: Request, domain_id: UUID | None = None) -> HttpResponse:
    waiting = Domain.objects.waiting()
    asked = request.GET.get("q", "").replace("\0", "").strip()[:120]
    page = _accounts(asked, request)
    context = {
        "health": _health(),
        "waiting": _waiting(),
        "waiting_count": waiting.count(),
        "refused_id": domain_id,
        "reason": request.POST.get("reason", ""),
        "page": page,
        "accounts": _with_numbers(page.rows),
        "first": page.first.name if page.first else "",
        "last": page.last.name if page.last else "",
        "asked": asked,
        "form": _form(request) if request.actor.may(Permission.ACCOUNT_CREATE) else None,
    }
    return render(request, "provider/page.html", context)


def _waiting() -> list[Domain]:
    """The domains that wait, the oldest first; what is decided makes room for the next."""
    return list(
        Domain.objects.waiting().select_related("account").order_by("claimed_at", "id")[:WAITING_SHOWN]
    )


def _accounts(asked: str, request: Request) -> Page[Account]:
    accounts = Account.objects.filter(name__icontains=asked) if asked else Account.objects.all()
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    return page_of(accounts, by=("-id", "-id"), size=PAGE, after=after, before=before)


def _with_numbers(accounts: list[Account]) -> list[dict[str, Any]]:
    """Each account with how many people and licenses it has, counted for the page at once."""
    keys = [account.pk for account in accounts]
    people = dict(
        User.objects.active()
        .filter(account__in=keys)
        .values_list("account")
        .annotate(number=Count("id"))
        .order_by()
    )
    licenses = {
        account: (available, assigned)
        for account, available, assigned in License.objects.living()
        .filter(account__in=keys)
        .values_list("account")
        .annotate(available=Count("id", filter=Q(holder=None)), assigned=Count("holder"))
        .order_by()
    }
    rows = []
    for account in accounts:
        available, assigned = licenses.get(account.pk, (0, 0))
        users = people.get(account.pk, 0)
        rows.append({"row": account, "users": users, "available": available, "assigned": assigned})
    return rows


def _health() -> dict[str, Any]:
    """Letters that wait or could not be delivered, and when the worker last finished something."""
    letters = Letter.objects.aggregate(
        waiting=Count("id", filter=Q(sent_at=None, given_up_at=None)),
        failed=Count("id", filter=Q(given_up_at__isnull=False)),
    )
    last = (
        OxTask.objects.filter(finished_at__isnull=False)
        .order_by("-finished_at")
        .values_list("finished_at", flat=True)
        .first()
    )
    return {
        **letters,
        "mail_leaves": settings.MAIL_LEAVES,
        "worked_at": last,
        "works": bool(last and clock.now() - last < WORKER_RESTS),
    }


def _form(request: Request) -> NewAccount:
    if "admin_email" not in request.POST:
        return NewAccount(request.account)
    form = NewAccount(request.account, request.POST)
    refusal = getattr(request, "refusal", None)
    if refusal and form.is_valid() and form.refuse(refusal):
        request.refusal = None  # type: ignore[attr-defined]  # said at the field
    return form


@require_POST
@allowed(Permission.DOMAIN_APPROVE)
@shown_on(console_page)
def approve_domain(request: Request, domain_id: UUID) -> HttpResponse:
    domain = operations.approve_domain(_domain(domain_id), by=request.actor)
    said = gettext("%(domain)s is approved for %(account)s. We have written to its administrators.")
    messages.success(request, said % {"domain": domain.in_words, "account": domain.account.name})
    return redirect("provider_console")


@require_POST
@allowed(Permission.DOMAIN_APPROVE)
@shown_on(console_page)
def refuse_domain(request: Request, domain_id: UUID) -> HttpResponse:
    domain = operations.refuse_domain(_domain(domain_id), request.POST.get("reason", ""), by=request.actor)
    said = gettext("%(domain)s is refused. We have written the reason to the administrators of %(account)s.")
    messages.success(request, said % {"domain": domain.in_words, "account": domain.account.name})
    return redirect("provider_console")


def _domain(domain_id: UUID) -> Domain:
    return found(Domain.objects.select_related("account").filter(pk=domain_id).first())


@require_POST
@allowed(Permission.ACCOUNT_CREATE)
@shown_on(console_page)
def open_account(request: Request) -> HttpResponse:
    """Open an account for a business; its first administrator gets a letter."""
    form = NewAccount(request.account, request.POST)
    if not form.is_valid():
        response = console_page(request)
        response.status_code = 422
        return response
    account = operations.open_account(by=request.actor, **form.cleaned_data)
    said = gettext("%(account)s is open. We have written to %(email)s.")
    messages.success(
        request, said % {"account": account.name, "email": form.cleaned_data["admin_email"].strip().lower()}
    )
    return redirect("provider_console")
