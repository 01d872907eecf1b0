"""My account: who I am, my license and its devices, my sessions."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.forms.utils import ErrorDict
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from valija.accounts import operations as accounts
from valija.accounts.models import Language, User
from valija.accounts.permissions import Permission
from valija.accounts.sessions import stored_key
from valija.core import browsers
from valija.core.errors import Refusal
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import License
from valija.web import choices, own_license
from valija.web.access import Request, allowed
from valija.web.context import groups_of
from valija.web.errors import found, shown_on

LAST_ENTRIES = 5


class DetailsForm(forms.Form):
    """What a person says of himself. Shown here, decided by the operation."""

    first_name = forms.CharField(label=accounts.OWN_DETAILS["first_name"], max_length=80)
    last_name = forms.CharField(label=accounts.OWN_DETAILS["last_name"], max_length=80, required=False)
    mobile = forms.CharField(
        label=accounts.OWN_DETAILS["mobile"],
        max_length=30,
        required=False,
        widget=forms.TextInput({"type": "tel"}),
    )
    language = forms.ChoiceField(label=accounts.OWN_DETAILS["language"], choices=Language.choices)
    time_zone = forms.ChoiceField(label=accounts.OWN_DETAILS["time_zone"], widget=choices.LongSelect)
    date_format = forms.ChoiceField(
        label=accounts.OWN_DETAILS["date_format"], choices=User.DateFormat.choices
    )
    sms_country = forms.ChoiceField(
        label=accounts.OWN_DETAILS["sms_country"],
        required=False,
        help_text=gettext_lazy("For numbers without a prefix."),
        widget=choices.LongSelect,
    )

    def __init__(self, *args: Any, refusal: Refusal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="%s", label_suffix="", **kwargs)  # type: ignore[misc]
        self.refusal = refusal
        language = translation.get_language() or "en"
        self.fields["time_zone"].choices = choices.time_zones(language, self.initial.get("time_zone", ""))  # type: ignore[attr-defined]
        countries = [("", _("That of the account")), *choices.countries(language)]
        self.fields["sms_country"].choices = countries  # type: ignore[attr-defined]

    def full_clean(self) -> None:
        """Nothing is judged here: the only error is what the operation said."""
        self._errors = ErrorDict()
        field = getattr(self.refusal, "field", "")
        if self.is_bound and field in self.fields:
            self._errors[field] = self.error_class([str(self.refusal)])


@require_GET
@allowed(Permission.ACCOUNT_PAGE)
def account_page(request: Request) -> HttpResponse:
    return own_page(request)


def own_page(request: Request) -> HttpResponse:
    user = request.user
    refusal = getattr(request, "refusal", None)
    now = {name: getattr(user, name) for name in accounts.OWN_DETAILS}
    refused = refusal and "first_name" in request.POST  # this form, not another one of the page
    form = DetailsForm(request.POST, refusal=refusal) if refused else DetailsForm(initial=now)
    here = stored_key(request.session.session_key or "")
    sessions = [
        {
            "key": session.pk,
            "row": session,
            "browser": browsers.parse(session.browser),
            "here": session.pk == here,
        }
        for session in user.sessions.living()
    ]
    entries = Entry.objects.of_account(user.account_id).concerning(user.pk).order_by("-id")[:LAST_ENTRIES]
    license = License.objects.filter(holder=user).select_related("plan", "subscription").first()
    context = {
        "form": form,
        "license": license,
        "typed_plan": request.POST.get("plan", ""),
        "typed_reason": request.POST.get("reason", ""),
        **(own_license.own_choices(user) if license is None else {}),
        "devices": user.activations.living().order_by("-last_seen_at"),
        "sessions": sorted(sessions, key=lambda session: not session["here"]),
        "entries": entries,
        "quick": groups_of(user.permissions),
    }
    return render(request, "account/page.html", context)


@require_POST
@allowed(Permission.ACCOUNT_PAGE)
@shown_on(own_page)
def change_own_details(request: Request) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in accounts.OWN_DETAILS}
    user = accounts.change_own_details(request.user, by=request.actor, **typed)
    with translation.override(user.language):
        messages.success(request, _("Your details are saved."))
    return redirect("account_page")


@require_POST
@allowed(Permission.ACCOUNT_PAGE)
def deactivate_license(request: Request, activation_id: UUID) -> HttpResponse:
    """Let one of one's own devices go."""
    activation = found(
        request.user.activations.filter(pk=activation_id).select_related("license", "user", "account").first()
    )
    licensing.deactivate_license(activation, by=request.actor)
    messages.success(request, _("The license no longer works on %(device)s.") % {"device": activation.device})
    return redirect("account_page")


@require_POST
@allowed(Permission.ACCOUNT_PAGE)
def end_session(request: Request, key: str) -> HttpResponse:
    session = found(request.user.sessions.filter(pk=key).select_related("user__account").first())
    accounts.end_session(session, by=request.actor)
    messages.success(request, _("The session is ended: that browser has to sign in again."))
    return redirect("account_page")


@require_POST
@allowed(Permission.ACCOUNT_PAGE)
def end_other_sessions(request: Request) -> HttpResponse:
    ended = accounts.end_other_sessions(
        request.user, stored_key(request.session.session_key or ""), by=request.actor
    )
    words = ngettext("%(number)s other session is ended.", "%(number)s other sessions are ended.", ended)
    messages.success(request, words % {"number": ended})
    return redirect("account_page")
