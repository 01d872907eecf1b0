"""What every page knows."""

from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from valija.accounts.permissions import Permission

# group, entries: (route, label, icon, permission, or several of which one is enough)
MENU: tuple[tuple[Any, tuple[tuple[str, Any, str, str | tuple[str, ...]], ...]], ...] = (
    (
        _("Administration"),
        (
            ("licenses", _("License management and purchases"), "license", Permission.LICENSE_SEE),
            ("users", _("User management"), "users", Permission.USER_SEE),
            ("groups", _("Groups of users"), "users", Permission.GROUP_SEE),
            ("automatic_licenses", _("Automatic licenses"), "refresh", Permission.RULE_SEE),
            ("domains", _("Domains"), "at", Permission.DOMAIN_SEE),
        ),
    ),
    (
        _("Business"),
        (
            ("payment_method", _("Payment method"), "card", Permission.METHOD_STORE),
            (
                "account_journal",
                _("Account journal"),
                "journal",
                (Permission.JOURNAL_ACCOUNT, Permission.JOURNAL_USERS),
            ),
            ("subscriptions", _("Subscription"), "refresh", Permission.BILLING_SEE),
            ("webhooks", _("Webhooks"), "send", Permission.WEBHOOK_CHANGE),
            ("api_tokens", _("Access for programs"), "key", Permission.TOKEN_CREATE),
        ),
    ),
    (_("Provider"), (("provider_console", _("Provider's console"), "building", Permission.DOMAIN_APPROVE),)),
)


def everywhere(request: HttpRequest) -> dict[str, Any]:
    user: Any = getattr(request, "user", None)
    known = user is not None and user.is_authenticated
    return {
        "menu": menu(get_language() or "en", user.permissions, request.path) if known else "",
        "provider_name": settings.PROVIDER_NAME,
        "theme": user.theme if known else request.COOKIES.get("theme", "auto"),
        "languages": settings.LANGUAGES,
        "path": _seen(request),
        "refusal": getattr(request, "refusal", None),
    }


def _seen(request: HttpRequest) -> str:
    """The page that the small forms at the foot lead back to; where the answer to a form is seen, the form's page."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    before = urlsplit(request.headers.get("Referer", ""))
    if before.netloc != request.headers.get("Host", ""):
        return "/"
    return f"{before.path}?{before.query}" if before.query else before.path


def menu(language: str, permissions: frozenset[str], path: str) -> str:
    """The Options menu as HTML."""
    return _menu(language, permissions, path if path in _addresses().values() else "")


@lru_cache(maxsize=256)
def _menu(language: str, permissions: frozenset[str], current: str) -> str:
    """It differs by language, permissions and the page that is open, and is the same for everyone else."""
    groups = groups_of(permissions, current)
    return render_to_string("parts/menu.html", {"groups": groups}) if groups else ""


def groups_of(permissions: frozenset[str], current: str = "") -> list[dict[str, Any]]:
    """The entries of the menu that somebody may open, in their groups."""
    groups = []
    for title, entries in MENU:
        items = [
            {"url": url, "label": label, "icon": icon, "current": url == current}
            for route, label, icon, permission in entries
            if permissions & _any_of(permission) and (url := _addresses()[route])
        ]
        if items:
            groups.append({"title": title, "items": items})
    return groups


@cache
def _addresses() -> dict[str, str]:
    return {route: address_of(route) for _title, entries in MENU for route, *_rest in entries}


def _any_of(permission: str | tuple[str, ...]) -> frozenset[str]:
    return frozenset((permission,) if isinstance(permission, str) else permission)


def address_of(route: str) -> str:
    """The address of a page, or nothing where this installation does not have it."""
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""
