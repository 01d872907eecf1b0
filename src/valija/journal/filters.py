"""What a reader looks for in the journal: one set of filters for pages, exports and programs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from valija.journal.events import Event
from valija.journal.models import Entries

# What kind of things happen: a name for the reader, the beginnings of the codes.
# fmt: off
TOPICS: dict[str, tuple[str | Promise, tuple[str, ...]]] = {
    "licenses": (
        _("Licenses"),
        ("license.", "licenses.", "activation.", "activations.", "request.", "key.", "plan_rule.", "rule.", "change.",
            "claims.", "pool_notice.", "pool.",
        ),
    ),
    "people": (_("People"), ("account.", "user.", "users.", "address.", "address_change.", "group.", "bulk_act.", "role_group.", "import.")),
    "sign-in": (_("Signing in"), ("sign_in.", "session.", "factor.", "passkey.")),
    "domains": (_("Domains"), ("domain.",)),
    "money": (
        _("Money"),
        (
            "cart.", "order.", "payment.", "subscription.", "trial.", "method.", "refund.", "invoice.", "credit.",
            "discount.", "promo_code.", "tax.", "price.", "plan.", "transfer.",
        ),
    ),
    "programs": (_("Programs"), ("token.", "webhook.", "directory.", "scim.")),
    "journal": (_("Journal"), ("journal.", "export.", "report.")),
}
# fmt: on
# Things that entries are about, as readers call them.
KINDS: dict[str, str | Promise] = {
    "account": _("Account"),
    "activation": _("Activation"),
    "apitoken": _("Access for programs"),
    "cartline": _("Cart"),
    "domain": _("Domain"),
    "group": _("Group"),
    "endpoint": _("Webhook"),
    "license": _("License"),
    "order": _("Purchase"),
    "session": _("Session"),
    "user": _("User"),
}
_EVENTS = frozenset(event.code for event in Event)


@dataclass(frozen=True)
class Filters:
    """What is asked for; what cannot be understood is left out, so that no address of a page is an error."""

    first: date | None = None
    last: date | None = None
    words: str = ""
    topic: str = ""
    event: str = ""
    people: tuple[str, ...] = ()  # keys of users; whoever asks has found them in his account
    nobody: bool = False  # somebody was asked for whom nobody knows
    kind: str = ""
    thing: str = ""
    address: str = ""

    @classmethod
    def asked(cls, given: Mapping[str, str]) -> "Filters":
        """As they stand in the address of a page."""
        topic, event, kind = given.get("topic", ""), given.get("event", ""), given.get("kind", "")
        return cls(
            first=_day(given.get("from", "")),
            last=_day(given.get("to", "")),
            words=_text(given, "q", 100),
            topic=topic if topic in TOPICS else "",
            event=event if event in _EVENTS else "",
            kind=kind if kind in KINDS else "",
            thing=_text(given, "object", 64),
            address=_text(given, "address", 45),
        )

    @property
    def narrow(self) -> bool:
        """Whether anything at all is left out."""
        return self != Filters()

    def among(self, entries: Entries, zone: ZoneInfo | None = None) -> Entries:
        """The entries that fit; days are those of the zone (default: the reader's)."""
        entries = entries.between(
            _start(self.first, zone), _start(self.last + timedelta(days=1), zone) if self.last else None
        )
        if self.topic:
            entries = entries.telling(TOPICS[self.topic][1])
        if self.event:
            entries = entries.filter(event=self.event)
        if self.nobody:
            return entries.none()
        if self.people:
            entries = entries.concerning(*self.people)
        if self.kind:
            entries = entries.filter(object_kind=self.kind)
        if self.thing:
            entries = entries.about(self.thing)
        if self.address:
            entries = entries.from_address(self.address)
        return entries.matching(self.words) if self.words else entries

    def stored(self) -> dict[str, Any]:
        """As JSON, for an export that is made later."""
        return {
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
            "words": self.words, "topic": self.topic, "event": self.event, "people": list(self.people),
            "nobody": self.nobody, "kind": self.kind, "thing": self.thing, "address": self.address,
        }  # fmt: skip

    @classmethod
    def restored(cls, stored: dict[str, Any]) -> "Filters":
        filters = cls(**stored)
        return replace(
            filters,
            first=_day(stored["first"] or ""),
            last=_day(stored["last"] or ""),
            people=tuple(stored["people"]),
        )


def _text(given: Mapping[str, str], name: str, most: int) -> str:
    return given.get(name, "").replace("\0", "").strip()[:most]


def _day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    # A day before the first or after the last that can be turned into a moment of any zone is no day of a journal.
    return day if day and 1970 <= day.year <= 9000 else None


def _start(day: date | None, zone: ZoneInfo | None) -> datetime | None:
    """When a day begins where the reader is."""
    return timezone.make_aware(datetime.combine(day, time()), zone) if day else None
