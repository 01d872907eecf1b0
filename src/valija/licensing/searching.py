"""Which people of an account are meant: words of name and address, license, role, state."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.licensing.models import Activation

WITHOUT = "none"  # the license filter: people who have none
ASKED = ("q", "plan", "role", "state", "domain")
STATES = {
    "active": _("Active"),
    "to_activate": _("To activate"),
    "none": _("No license"),
    "deactivated": _("Deactivated"),
}


def at_work() -> QuerySet[Activation]:
    """The activations of a user of the outer query."""
    return Activation.objects.living().filter(license__holder=OuterRef("pk"))


def people(account: Account, asked: dict[str, str]) -> Any:
    """The users of an account that match all that is asked."""
    found: Any = account.users.all()
    if words := asked.get("q"):
        found = found.matching(words)
    if plan := asked.get("plan"):
        found = found.filter(license=None) if plan == WITHOUT else found.filter(license__plan__code=plan)
    if role := asked.get("role"):
        found = found.filter(role=role)
    if domain := asked.get("domain"):
        found = found.filter(email__endswith=f"@{domain}")
    match asked.get("state"):
        case "active":
            found = found.active().filter(Exists(at_work()))
        case "to_activate":
            found = found.active().filter(~Exists(at_work()), license__isnull=False)
        case "none":
            found = found.active().filter(license=None)
        case "deactivated":
            found = found.filter(deactivated_at__isnull=False)
    return found
