"""Signing in and out: an address, then the link or the code that was sent to it."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from valija.accounts import operations as accounts
from valija.accounts.models import SignIn
from valija.core import clock
from valija.web.access import Request
from valija.web.errors import shown_on

# What this browser asked for, so that the second page can say it and ask again.
EMAIL, NEXT = "sign_in_email", "sign_in_next"


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are opened by administrators, never by strangers."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: object, **kwargs: object) -> None:
        """Our pages say themselves what happened."""


def safe_next(request: HttpRequest, target: str) -> str:
    """Where to go afterwards: a page of ours, or the first one."""
    if url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return target
    return reverse("home")


@require_GET
@never_cache
def show_sign_in(request: Request) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(safe_next(request, request.GET.get("next", "")))
    return _address_page(request)


def _address_page(request: Request) -> HttpResponse:
    typed = request.POST.get("email", "")
    context = {"email": typed, "next": request.GET.get("next", request.POST.get("next", ""))}
    return render(request, "sign_in/address.html", context)


@require_POST
@shown_on(_address_page)
def request_sign_in(request: Request) -> HttpResponse:
    email, target = request.POST.get("email", ""), request.POST.get("next", "")
    target = target if safe_next(request, target) == target else ""
    accounts.request_sign_in(email, by=request.actor, next=target)
    if request.session.get(EMAIL) == email.strip():
        messages.info(request, _("Asked for again: look for the latest e-mail."))
    request.session[EMAIL], request.session[NEXT] = email.strip()[:254], target
    return redirect("sign_in_with_code")


def _code_page(request: Request) -> HttpResponse:
    email = request.POST.get("email") or request.session.get(EMAIL, "")
    context = {
        "email": email,
        "code": request.POST.get("code", ""),
        "next": request.session.get(NEXT, ""),
        "minutes": int(accounts.SIGN_IN_LASTS.total_seconds() // 60),
    }
    return render(request, "sign_in/code.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@shown_on(_code_page)
def sign_in_with_code(request: Request) -> HttpResponse:
    """The code works in any browser: it asks for the address too where it does not know it."""
    if request.method == "GET":
        return _code_page(request)
    sign_in = accounts.sign_in_with_code(
        request.POST.get("email", ""), request.POST.get("code", ""), by=request.actor
    )
    return _enter(request, sign_in)


def _link_page(request: Request) -> HttpResponse:
    token = request.GET.get("token") or request.POST.get("token", "")
    return render(request, "sign_in/link.html", {"token": token})


@require_http_methods(["GET", "POST"])
@never_cache
@shown_on(_link_page)
def sign_in_with_link(request: Request) -> HttpResponse:
    """Opening the link shows a button; pressing it signs in. Mail scanners open links, so opening must not use them up."""
    if request.method == "GET":
        return _link_page(request)
    return _enter(request, accounts.sign_in_with_link(request.POST.get("token", ""), by=request.actor))


def _enter(request: Request, sign_in: SignIn) -> HttpResponse:
    """Sign in through allauth, whose stages (a second factor, say) come between here and the first page."""
    user = sign_in.user
    assert user is not None
    request.session.flush()
    request.session["address"], request.session["browser"] = request.address, request.browser
    request.session["started_at"] = clock.now().isoformat()
    user.backend = settings.AUTHENTICATION_BACKENDS[0]
    response: HttpResponse = perform_login(
        request, user, email_verification="none", redirect_url=safe_next(request, sign_in.next)
    )
    return response


@require_POST
def sign_out(request: Request) -> HttpResponse:
    if request.user.is_authenticated:
        accounts.sign_out(request.user, by=request.actor)
    logout(request)
    return redirect("show_sign_in")
