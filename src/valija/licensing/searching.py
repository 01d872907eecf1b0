"""Which people of an account are meant: words of name, address, plan, role and state, or each by a filter of its own."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Role
from valija.licensing.models import Activation, Plan

WITHOUT = "none"  # the license filter: people who have none
ASKED = ("q", "plan", "role", "state", "domain")
STATES = {
    "active": _("Active"),
    "to_activate": _("To activate"),
    "none": _("No license"),
    "deactivated": _("Deactivated"),
}


def people(account: Account, asked: dict[str, str]) -> Any:
    """The users of an account that match all that is asked."""
    return filtered(account.users.all(), asked)


Names = Iterable[tuple[str, str]]  # name and code of each plan


def filtered(found: Any, asked: dict[str, str], plans: Names | None = None) -> Any:
    """Of these users, those that match all that is asked; `plans` saves looking up their names."""
    if words := asked.get("q"):
        found = _matching(found, words, plans or Plan.objects.values_list("name", "code"))
    if plan := asked.get("plan"):
        found = found.filter(license=None) if plan == WITHOUT else found.filter(license__plan__code=plan)
    if role := asked.get("role"):
        found = found.filter(role=role)
    if domain := asked.get("domain"):
        found = found.filter(email__endswith=f"@{domain}")
    if state := asked.get("state"):
        found = found.filter(_in_state(state))
    return found


def at_work() -> QuerySet[Activation]:
    """The activations of a user of the outer query."""
    return Activation.objects.living().filter(license__holder=OuterRef("pk"))


def _in_state(state: str) -> Q:
    match state:
        case "active":
            return Q(Exists(at_work()), deactivated_at=None)
        case "to_activate":
            return Q(~Exists(at_work()), deactivated_at=None, license__isnull=False)
        case "none":
            return Q(deactivated_at=None, license=None)
        case "deactivated":
            return Q(deactivated_at__isnull=False)
    return Q()


def _matching(found: Any, words: str, plans: Names) -> Any:
    """Each word stands in the name or the address, or names the plan, the role or the state."""
    meanings = _meanings(plans)
    for word in words.casefold().split():
        meant = Q(sort_name__contains=word) | Q(email__contains=word)
        for meaning in meanings.get(word, ()):
            meant |= meaning
        found = found.filter(meant)
    return found


def _meanings(plans: Names) -> dict[str, list[Q]]:
    """What whole words mean besides, in the reader's language."""
    told: list[tuple[str, Q]] = [
        *((name, Q(license__plan__code=code)) for name, code in plans),
        *((str(label), Q(role=code)) for code, label in Role.choices),
        *((str(label), _in_state(state)) for state, label in STATES.items()),
    ]
    found: dict[str, list[Q]] = {}
    for name, meaning in told:
        for word in name.casefold().split():
            found.setdefault(word, []).append(meaning)
    return found
