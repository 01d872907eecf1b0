"""Work in the background for a person: in his name, under a lease, and only while he may do it himself."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import ApiToken, User
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.licensing.models import Work

LEASE = timedelta(
    seconds=30
)  # a worker that dies gives its work back after this; a batch takes a second or two


class WorkNotPlanned(Refusal):
    code = "work_not_planned"
    sentence = _("This plan is not ready to be applied, or it was discarded.")


def stored(actor: Actor) -> dict[str, Any]:
    """Who asked and from where, as it is kept with the work."""
    kept = ("kind", "id", "label", "address", "browser", "through", "request_id", "language")
    return {name: getattr(actor, name) for name in kept}


def maker_of(actor: Actor) -> Any:
    """The key of the person who asked, or of the person whose program did."""
    return ApiToken.objects.get(pk=actor.id).creator_id if actor.kind == "token" else actor.id


def actor_of(work: Work) -> Actor:
    """Who asked, with what he may do by now."""
    maker = User.objects.filter(pk=work.maker_id).first()
    may = maker.permissions if maker else frozenset[str]()
    if work.actor["kind"] == "token":
        token = ApiToken.objects.valid().filter(pk=work.actor["id"]).first()
        may &= frozenset(token.scopes) if token else frozenset()
    return Actor(**work.actor, account_id=work.account_id, permissions=may)


@transaction.atomic
def claim[W: Work](kind: type[W]) -> W | None:
    """The next work that is due, under a lease."""
    found: W | None = sql.locked_first(kind.objects.due())  # type: ignore[attr-defined]
    if found is not None:
        found.due_at = clock.now() + LEASE
        found.save(update_fields=["due_at"])
    return found
