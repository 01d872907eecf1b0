"""Small choices that stand on every page: language, appearance, a notice that was read."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from valija.accounts import operations as accounts
from valija.web.access import Request
from valija.web.language import KNOWN
from valija.web.sign_in import safe_next

THEMES = frozenset({"auto", "light", "dark"})
A_YEAR = 365 * 24 * 60 * 60


@require_POST
def set_language(request: Request) -> HttpResponse:
    """The next page is in this language, and for a person who signed in every page and letter from now on."""
    language = request.POST.get("language", "")
    response = _back(request)
    if language not in KNOWN:
        return response
    if request.user.is_authenticated:
        accounts.change_own_details(request.user, by=request.actor, language=language)
    _remember(response, settings.LANGUAGE_COOKIE_NAME, language)
    return response


@require_POST
def set_theme(request: Request) -> HttpResponse:
    """Light, dark, or as the device says."""
    theme = request.POST.get("theme", "")
    response = _back(request)
    if theme not in THEMES:
        return response
    if request.user.is_authenticated:
        accounts.choose_theme(request.user, theme, by=request.actor)
    _remember(response, "theme", theme)
    return response


@require_POST
def dismiss_flash(request: Request) -> HttpResponse:
    """A notice is shown once: the same page without it."""
    return _back(request)


def _back(request: Request) -> HttpResponse:
    return redirect(safe_next(request, request.POST.get("next", "")))


def _remember(response: HttpResponse, name: str, value: str) -> None:
    """Kept in the browser too, so that the pages before signing in follow the choice."""
    response.set_cookie(name, value, max_age=A_YEAR, secure=settings.SECURE, httponly=True, samesite="Lax")
