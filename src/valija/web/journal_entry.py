"""An entry of the journal as a reader sees it: a line with what it leads to, and all that is known of it."""

from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from valija.core import browsers, facts
from valija.journal.events import Event
from valija.journal.filters import KINDS
from valija.journal.models import Entry
from valija.web.access import Request

# The page of a thing: its route, and whether the route has the thing's key.
PAGES: dict[str, tuple[str, bool, str | Promise]] = {
    "license": ("show_license", True, _("See the license")),
    "order": ("purchase", True, _("See the purchase")),
    "domain": ("domains", False, _("See the domains")),
    "apitoken": ("api_tokens", False, _("See the accesses")),
    "endpoint": ("webhooks", False, _("See the webhooks")),
    "cartline": ("licenses", False, _("See the cart")),
}
THROUGH: dict[str, str | Promise] = {
    "web": _("the portal"),
    "api": _("the interface for programs"),
    "clock": _("the clock of the service"),
    "command": _("the command line of the service"),
    "scim": _("the directory of the business (SCIM)"),
}


def shown(request: Request, entry: Entry, everything: bool) -> dict[str, Any]:
    """A line. Whoever administers the account sees every address; others only their own."""
    own = everything or entry.actor_id == str(request.user.pk)
    return {
        "entry": entry,
        "name": entry.actor_label.partition(" <")[0],
        "person": entry.actor_id if everything and entry.actor_kind == "user" else "",
        "address": entry.address if own else "",
        "page": _leads_to(entry) if everything else None,
        "browser": browsers.parse(entry.browser) if entry.browser and own else None,
    }


def detailed(request: Request, entry: Entry, everything: bool) -> dict[str, Any]:
    """All of it: the data as it is stored, and the histories it belongs to."""
    own = everything or entry.actor_id == str(request.user.pk)
    # Who only sees his own journal gets what its sentence tells, not what was noted beside it.
    told = Event.of(entry.event).names
    data = [(name, value) for name, value in facts.shown(entry.data).items() if everything or name in told]
    return {
        **shown(request, entry, everything),
        "agent": entry.browser if own else "",
        "request_id": entry.request_id if own else "",
        "through": THROUGH.get(entry.through, entry.through),
        "kind": KINDS.get(entry.object_kind, entry.object_kind),
        "subject": entry.subject_id or (entry.object_id if entry.object_kind == "user" else ""),
        "data": data,
    }


def _leads_to(entry: Entry) -> tuple[str, Any] | None:
    """The page of what an entry tells of; where there is none, that of the person concerned; else the thing's history."""
    if entry.object_kind in PAGES:
        route, keyed, words = PAGES[entry.object_kind]
        return _address(route, entry.object_id if keyed else ""), words
    user = entry.object_id if entry.object_kind == "user" else entry.subject_id
    if user and _is_key(user) and entry.event.startswith(("license.", "activation.", "user.")):
        return reverse("user_license", args=[user]), _("See the person's license")
    if entry.object_kind and entry.object_kind != "session":
        history = f"{reverse('account_journal')}?object={entry.object_id}"
        return history, _("See its history")
    return None


def _address(route: str, key: str) -> str:
    try:
        return reverse(route, args=[key] if key else [])
    except NoReverseMatch:  # an order that came from elsewhere, with a key of another make
        return reverse("account_journal")


def _is_key(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
