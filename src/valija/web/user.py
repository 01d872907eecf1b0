"""One user: details, role, address; deactivated, restored, deleted."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.forms.utils import ErrorDict
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from valija.accounts import operations as accounts
from valija.accounts.models import Language, User
from valija.accounts.permissions import Permission, Role
from valija.core import facts
from valija.core.errors import Refusal
from valija.domains import operations as domains
from valija.licensing import operations as licensing
from valija.licensing.models import License
from valija.web import choices
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on

NAMES = accounts.OWN_DETAILS
ROLES = [choice for choice in Role.choices if choice[0] != Role.PROVIDER]


class UserForm(forms.Form):
    """What an administrator changes of somebody. Shown here, decided by the operation."""

    first_name = forms.CharField(label=NAMES["first_name"], max_length=80)
    last_name = forms.CharField(label=NAMES["last_name"], max_length=80, required=False)
    mobile = forms.CharField(
        label=NAMES["mobile"], max_length=30, required=False, widget=forms.TextInput({"type": "tel"}),
        help_text=gettext_lazy("With its prefix, for example +34 600 123 456"),
    )  # fmt: skip
    sms_country = forms.ChoiceField(label=NAMES["sms_country"], required=False, widget=choices.LongSelect)
    language = forms.ChoiceField(label=NAMES["language"], choices=Language.choices)
    time_zone = forms.ChoiceField(label=NAMES["time_zone"], widget=choices.LongSelect)
    date_format = forms.ChoiceField(label=NAMES["date_format"], choices=User.DateFormat.choices)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLES)

    def __init__(self, *args: Any, person: User, refusal: Refusal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="%s", label_suffix="", **kwargs)  # type: ignore[misc]
        self.refusal = refusal
        language = get_language() or "en"
        self.fields["time_zone"].choices = choices.time_zones(language, person.time_zone)  # type: ignore[attr-defined]
        countries = [("", _("That of the account")), *choices.countries(language, person.account.country)]
        self.fields["sms_country"].choices = countries  # type: ignore[attr-defined]
        if person.role == Role.PROVIDER:
            self.fields["role"].choices = [(Role.PROVIDER.value, Role.PROVIDER.label)]  # type: ignore[attr-defined]

    def full_clean(self) -> None:
        """Nothing is judged here: the only error is what the operation said."""
        self._errors = ErrorDict()
        field = "role" if isinstance(self.refusal, ABOUT_ROLE) else getattr(self.refusal, "field", "")
        if self.is_bound and field in self.fields:
            self._errors[field] = self.error_class([str(self.refusal)])


ABOUT_ROLE = (accounts.LastAdministrator, accounts.RoleAboveOwn)


@require_GET
@allowed(Permission.USER_CHANGE)
def user(request: Request, user_id: UUID) -> HttpResponse:
    return user_page(request, user_id)


def user_page(request: Request, user_id: UUID) -> HttpResponse:
    person = _person(request, user_id)
    refusal = getattr(request, "refusal", None)
    wrong_details = refusal is not None and request.path.endswith("/change")
    now = {name: getattr(person, name) for name in (*NAMES, "role")}
    form = UserForm(
        request.POST if wrong_details else None, person=person, refusal=refusal, initial=now,
    )  # fmt: skip
    if wrong_details and form.errors:
        request.refusal = None  # type: ignore[attr-defined]  # said at its field
    context = {
        "person": person,
        "form": form,
        "license": License.objects.filter(holder=person).select_related("plan").first(),
        "change": person.address_changes.open().order_by("-id").first(),
        "new_email": request.POST.get("email", "") if refusal and request.path.endswith("/address") else "",
        "is_oneself": person.pk == request.user.pk,
        "may": {
            "assign": request.actor.may(Permission.LICENSE_ASSIGN),
            "deactivate": request.actor.may(Permission.USER_DEACTIVATE),
            "delete": request.actor.may(Permission.USER_DELETE),
            "journal": request.actor.may(Permission.JOURNAL_ACCOUNT),
        },
        "since": facts.day(person.created_at),
    }
    return render(request, "users/user.html", context)


def _person(request: Request, user_id: UUID) -> User:
    return found(request.account.users.select_related("account").filter(pk=user_id).first())


@require_POST
@allowed(Permission.USER_CHANGE)
@shown_on(user_page)
def change_user(request: Request, user_id: UUID) -> HttpResponse:
    typed = {name: request.POST[name] for name in (*NAMES, "role") if name in request.POST}
    person = accounts.change_user(_person(request, user_id), by=request.actor, **typed)
    messages.success(request, gettext("The details of %(user)s are saved.") % {"user": person.full_name})
    return redirect("user", user_id)


@require_POST
@allowed(Permission.USER_CHANGE)
@shown_on(user_page)
def request_address_change(request: Request, user_id: UUID) -> HttpResponse:
    change = domains.request_address_change(
        _person(request, user_id), request.POST.get("email", ""), by=request.actor
    )
    said = gettext("We have sent a link to %(email)s. The address changes once it is confirmed from there.")
    messages.success(request, said % {"email": change.email})
    return redirect("user", user_id)


@require_POST
@allowed(Permission.USER_CHANGE)
@shown_on(user_page)
def cancel_address_change(request: Request, user_id: UUID) -> HttpResponse:
    person = _person(request, user_id)
    domains.cancel_address_change(person, by=request.actor)
    messages.success(request, gettext("The address stays %(email)s.") % {"email": person.email})
    return redirect("user", user_id)


@require_POST
@allowed(Permission.USER_DEACTIVATE)
@shown_on(user_page)
def deactivate_user(request: Request, user_id: UUID) -> HttpResponse:
    person = licensing.deactivate_user(request.account, _person(request, user_id), by=request.actor)
    said = gettext("%(user)s is deactivated. It can be undone here at any time.")
    messages.success(request, said % {"user": person.full_name})
    return redirect("user", user_id)


@require_POST
@allowed(Permission.USER_DEACTIVATE)
@shown_on(user_page)
def restore_user(request: Request, user_id: UUID) -> HttpResponse:
    person = licensing.restore_user(request.account, _person(request, user_id), by=request.actor)
    said = gettext("%(user)s can sign in again. We have sent an e-mail. A license has to be assigned anew.")
    messages.success(request, said % {"user": person.full_name})
    return redirect("user", user_id)


@require_GET
@allowed(Permission.USER_DELETE)
def deletion(request: Request, user_id: UUID) -> HttpResponse:
    return deletion_page(request, user_id)


def deletion_page(request: Request, user_id: UUID) -> HttpResponse:
    """What goes and what stays, before anything is deleted."""
    person = _person(request, user_id)
    context = {
        "person": person,
        "license": License.objects.filter(holder=person).select_related("plan").first(),
        "back": reverse("user", args=[user_id]),
        "programs": person.api_tokens.filter(revoked_at=None).count(),
        "is_oneself": person.pk == request.user.pk,
    }
    return render(request, "users/delete.html", context)


@require_POST
@allowed(Permission.USER_DELETE)
@shown_on(deletion_page)
def delete_user(request: Request, user_id: UUID) -> HttpResponse:
    person = _person(request, user_id)
    if not request.POST.get("agreed"):
        messages.error(request, gettext("Tick the box first: a deletion cannot be undone."))
        response = deletion_page(request, user_id)
        response.status_code = 422
        return response
    licensing.delete_user(request.account, person, by=request.actor)
    messages.success(request, gettext("%(user)s was deleted for good.") % {"user": person.full_name})
    return redirect("users")
