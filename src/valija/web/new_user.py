"""The form that adds a person, a shared mailbox or a program to the account."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, Language, User
from valija.accounts.operations import AddressTaken
from valija.accounts.permissions import Role
from valija.core.errors import InvalidInput, Refusal
from valija.domains.operations import DomainNotApproved, ThrowAwayDomain
from valija.licensing.models import Plan
from valija.licensing.operations import NoLicenseAvailable, WrongKindOfPlan
from valija.web import choices
from valija.web.access import Request
from valija.web.context import address_of

ROLES = [choice for choice in Role.choices if choice[0] != Role.PROVIDER]
# Which field a refusal is about, where it does not say so itself.
FIELDS: dict[type[Refusal], str] = {
    AddressTaken: "email",
    DomainNotApproved: "email",
    ThrowAwayDomain: "email",
    NoLicenseAvailable: "plan",
    WrongKindOfPlan: "plan",
}


class Offer(NamedTuple):
    """A plan, and how many of its licenses are available."""

    pk: UUID
    code: str
    name: str
    available: int


def offers(account: Account) -> list[Offer]:
    """Every plan; which of them fit depends on who uses it."""
    plans = Plan.objects.order_by("rank").values_list("pk", "code", "name")
    available = account.licenses.available().numbers()
    return [Offer(pk, code, name, available.get(pk, 0)) for pk, code, name in plans]


class NewUser(forms.Form):
    """What is asked about a new user."""

    first_name = forms.CharField(label=_("First name"), max_length=80)
    last_name = forms.CharField(label=_("Last name"), max_length=80, required=False)
    email = forms.CharField(label=_("E-mail address"), max_length=254, widget=forms.EmailInput)
    mobile = forms.CharField(
        label=_("Mobile"), max_length=30, required=False, help_text=_("With its prefix, for example +34 600 123 456"),
        widget=forms.TextInput(attrs={"type": "tel"}),
    )  # fmt: skip
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    time_zone = forms.ChoiceField(label=_("Time zone"))
    role = forms.ChoiceField(label=_("Role"), choices=ROLES)
    kind = forms.ChoiceField(label=_("Who uses it"), choices=User.Kind.choices)
    plan = forms.ChoiceField(label=_("License"), required=False)
    sms_country = forms.ChoiceField(label=_("Country of text messages"))
    date_format = forms.ChoiceField(label=_("Date format"))

    def __init__(self, account: Account, plans: Iterable[Offer], data: Any = None) -> None:
        super().__init__(data, auto_id="new_%s", label_suffix="", initial=_defaults(account))
        self.plans = {
            plan.code: plan for plan in plans if plan.available or plan.code == (data or {}).get("plan")
        }
        language = get_language() or "en"
        self.fields["time_zone"].choices = choices.time_zones(language, account.time_zone)  # type: ignore[attr-defined]
        self.fields["sms_country"].choices = choices.countries(language, account.country)  # type: ignore[attr-defined]
        self.fields["date_format"].choices = choices.date_formats(timezone.localdate())  # type: ignore[attr-defined]
        self.fields["plan"].choices = [("", gettext("None for now")), *self._plan_choices()]  # type: ignore[attr-defined]

    def _plan_choices(self) -> list[tuple[str, str]]:
        words = gettext("%(plan)s, %(number)s available")
        return [
            (code, words % {"plan": plan.name, "number": plan.available}) for code, plan in self.plans.items()
        ]

    def clean_plan(self) -> Plan | None:
        chosen = self.plans.get(self.cleaned_data["plan"])
        return Plan.objects.get(pk=chosen.pk) if chosen else None

    def refuse(self, refusal: Refusal) -> bool:
        """Show a refusal at the field it is about; whether there is one."""
        field = refusal.field if isinstance(refusal, InvalidInput) else ""
        for kind, name in FIELDS.items():
            if isinstance(refusal, kind):
                field = name
        if field not in self.fields:
            return False
        self.add_error(field, str(refusal))
        if isinstance(refusal, DomainNotApproved):
            self.fields["email"].help_text = format_html(
                '<a href="{}">{}</a>', address_of("domains"), gettext("Approve it now")
            )
        elif isinstance(refusal, NoLicenseAvailable):
            self.fields["plan"].help_text = format_html(
                '<a href="{}">{}</a>', address_of("licenses"), gettext("Buy licenses")
            )
        return True


def _defaults(account: Account) -> dict[str, str]:
    return {
        "language": account.language,
        "time_zone": account.time_zone,
        "role": Role.USER,
        "kind": User.Kind.PERSON,
        "sms_country": account.country,
        "date_format": User.DateFormat.DAY_FIRST,
    }


def shown(request: Request, plans: list[Offer]) -> SafeString:
    """The form as HTML: as it was sent, with what is wrong, or empty."""
    refusal = getattr(request, "refusal", None)
    if request.method != "POST":
        pool = tuple(plan for plan in plans if plan.available)
        account = request.account
        domains = tuple(account.domains.approved().order_by("name").values_list("name", flat=True)[:4])
        about = (account.country, account.language, account.time_zone)
        return _empty(get_language() or "en", timezone.localdate().toordinal(), about, pool, domains)
    form = NewUser(request.account, plans, request.POST)
    form.is_valid()
    if refusal is not None and form.refuse(refusal):
        request.refusal = None  # type: ignore[attr-defined]  # said at its field
    domains = tuple(request.account.domains.approved().order_by("name").values_list("name", flat=True)[:4])
    return _rendered(form, domains)


@lru_cache(maxsize=256)
def _empty(
    language: str,
    day: int,
    about: tuple[str, str, str],
    pool: tuple[Offer, ...],
    domains: tuple[str, ...],
) -> SafeString:
    """The same for every administrator of an account until its pool changes: a hundred options are written once."""
    country, account_language, zone = about
    account = Account(country=country, language=account_language, time_zone=zone)
    return _rendered(NewUser(account, pool), domains)


def _rendered(form: NewUser, domains: tuple[str, ...]) -> SafeString:
    return render_to_string("users/new_user.html", {"form": form, "domains": ", ".join(domains)})
