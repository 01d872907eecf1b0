"""The account's journal."""

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Query, Router

from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.pages import Items, listed
from valija.api.values import Cursor, Limit, Out
from valija.journal.events import Event
from valija.journal.models import Entry
from valija.journal.telling import told

router = Router(tags=["journal"])
EVENTS = [event.code for event in Event]


# Written as a pattern, because ninja does not take an enumeration that is made at run time.
_ONE_OF_THEM = f"^({'|'.join(re.escape(event) for event in EVENTS)})$"
OfEvent = Annotated[str | None, Query(description="only this event", pattern=_ONE_OF_THEM, enum=EVENTS)]


class ActorOut(Out):
    kind: str
    id: str
    label: str


class ThingOut(Out):
    kind: str
    id: str


class EntryOut(Out):
    """One thing that happened: `event` for programs, `sentence` for people, in the language that was asked for."""

    id: UUID
    at: datetime
    event: str
    sentence: str
    data: dict[str, str | int]
    actor: ActorOut
    about: ThingOut
    user: str
    through: str
    address: str
    browser: str
    request_id: str

    @classmethod
    def of(cls, entry: Entry) -> "EntryOut":
        return cls(**told(entry))


@router.get("/journal", response=Items[EntryOut], operation_id="list_journal", summary="The journal")
@needs(Permission.JOURNAL_ACCOUNT)
def list_journal(
    request: ProgramRequest, event: OfEvent = None, cursor: Cursor = "", limit: Limit = 50
) -> Items[EntryOut]:
    """What happened in the account, the newest first."""
    entries = Entry.objects.of_account(request.auth.account.pk)
    if event is not None:
        entries = entries.filter(event=event)
    rows, next = listed(entries, by=("-id", "-id"), limit=limit, cursor=cursor)
    return Items(items=[EntryOut.of(entry) for entry in rows], next=next)
