"""Access for programs: tokens, what they may do, and their end."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from uuid import UUID

from cryptography.fernet import InvalidToken
from django import forms
from django.conf import settings
from django.contrib import messages
from django.forms.utils import ErrorDict
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from valija.accounts import operations as accounts
from valija.accounts.models import ApiToken
from valija.accounts.permissions import SCOPES, Permission
from valija.core import clock, tokens
from valija.core.errors import Refusal
from valija.core.pages import page_of
from valija.web.access import Request, allowed
from valija.web.errors import found, shown_on

PAGE = 25
NEW = "new_token"  # in the session, locked away, until it was shown
LASTS = {"30": _("30 days"), "90": _("90 days"), "365": _("A year"), "": _("Without end")}
# Not offered: making accesses, which no operation of the API does.
SCOPE_WORDS: dict[str, str | Promise] = {
    Permission.LICENSE_SEE: _("See plans and licenses"),
    Permission.LICENSE_ASSIGN: _("Assign, change and withdraw licenses"),
    Permission.LICENSE_REMOVE: _("Remove licenses from the account"),
    Permission.USER_SEE: _("See users"),
    Permission.USER_ADD: _("Add users"),
    Permission.USER_CHANGE: _("Change users and their addresses"),
    Permission.USER_DEACTIVATE: _("Deactivate and restore users"),
    Permission.USER_DELETE: _("Delete users for good"),
    Permission.CART_CHANGE: _("See and change the cart"),
    Permission.ORDER_PLACE: _("Confirm purchases"),
    Permission.BILLING_SEE: _("See purchases"),
    Permission.METHOD_STORE: _("See and store the payment method"),
    Permission.METHOD_FORGET: _("Forget the payment method"),
    Permission.DOMAIN_SEE: _("See domains"),
    Permission.DOMAIN_CLAIM: _("Claim domains"),
    Permission.WEBHOOK_CHANGE: _("Set up webhooks, which send out the journal"),
    Permission.JOURNAL_USERS: _("Read what users do"),
    Permission.JOURNAL_ACCOUNT: _("Read the account's journal"),
}


class TokenForm(forms.Form):
    """A new access. Shown here, decided by the operation."""

    name = forms.CharField(
        label=_("Name of the program"),
        max_length=80,
        help_text=_("As the journal will name it: Payroll, for example."),
    )
    scopes = forms.MultipleChoiceField(label=_("What it may do"), widget=forms.CheckboxSelectMultiple)
    days = forms.ChoiceField(label=_("Ends after"), choices=tuple(LASTS.items()))

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        permissions: frozenset[str],
        refusal: Refusal | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial, auto_id="%s", label_suffix="")
        self.refusal = refusal
        offered = [(scope, words) for scope, words in SCOPE_WORDS.items() if scope in SCOPES & permissions]
        self.fields["scopes"].choices = offered  # type: ignore[attr-defined]

    def full_clean(self) -> None:
        """Nothing is judged here: the only error is what the operation said."""
        self._errors = ErrorDict()
        field = getattr(self.refusal, "field", "")
        if self.is_bound and field in self.fields:
            self._errors[field] = self.error_class([str(self.refusal)])


@require_GET
@never_cache
@allowed(Permission.TOKEN_CREATE)
def api_tokens(request: Request) -> HttpResponse:
    return _page(request)


def _page(request: Request) -> HttpResponse:
    rows = request.account.api_tokens.select_related("creator").filter(revoked_at=None)
    page = page_of(
        rows,
        by=("-id", "-id"),
        size=PAGE,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    permissions, refusal = request.actor.permissions, getattr(request, "refusal", None)
    typed = request.POST if refusal else None
    form = TokenForm(typed, permissions=permissions, refusal=refusal, initial={"days": "365"})
    context = {
        "form": form,
        "page": page,
        "accesses": [{"row": token, "may": _words(token), "over": _is_over(token)} for token in page.rows],
        "secret": _shown_once(request),
        "api_url": f"{settings.URL}/api/v1",
    }
    return render(request, "tokens/page.html", context)


def _words(token: ApiToken) -> list[str]:
    return [str(words) for scope, words in SCOPE_WORDS.items() if scope in token.scopes]


def _is_over(token: ApiToken) -> bool:
    ended = token.expires_at is not None and token.expires_at <= clock.now()
    return ended or not token.creator.is_active


@require_POST
@allowed(Permission.TOKEN_CREATE)
@shown_on(_page)
def create_token(request: Request) -> HttpResponse:
    """The secret waits in the session, encrypted, for the page that comes next: a refresh neither repeats nor shows it."""
    days = request.POST.get("days", "")
    _token, secret = accounts.create_token(
        request.account,
        request.POST.get("name", ""),
        request.POST.getlist("scopes"),
        days=int(days) if days in LASTS and days else None,
        by=request.actor,
    )
    request.session[NEW] = urlsafe_b64encode(tokens.lock_away(secret.encode())).decode()
    messages.success(request, gettext("The access was created. Copy its key now: it is shown this once."))
    return redirect("api_tokens")


def _shown_once(request: Request) -> str:
    locked = request.session.pop(NEW, "")
    try:
        return tokens.take_out(urlsafe_b64decode(locked)).decode() if locked else ""
    except InvalidToken:  # the installation's key is another one since
        return ""


@require_POST
@allowed(Permission.TOKEN_CREATE)
def revoke_token(request: Request, token_id: UUID) -> HttpResponse:
    token = found(request.account.api_tokens.select_related("account").filter(pk=token_id).first())
    accounts.revoke_token(token, by=request.actor)
    messages.success(request, gettext("The access “%(name)s” ends now.") % {"name": token.name})
    return redirect("api_tokens")
