"""Writing the journal: one call, in the transaction of what it tells."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from valija.core import facts
from valija.core.actor import Actor
from valija.journal.events import Event
from valija.journal.models import Entry


class MissingData(ValueError):
    """A programming error: the sentence names something that was not given."""


def record(
    event: Event,
    *,
    by: Actor,
    about: Any = None,
    account_id: UUID | None = None,
    subject_id: object = "",
    **data: Any,
) -> Entry:
    """Write down that something happened.

    `about` is the row it happened to (its kind and key are kept, not a reference); the account is that of the row, or
    `account_id`, or the actor's. `subject_id` is the user concerned where the row is not the user himself.
    """
    entry = _entry(event, by, about, account_id, subject_id, data)
    entry.save(force_insert=True)
    return entry


def record_each(event: Event, rows: Sequence[Any], *, by: Actor, account_id: UUID, **data: Any) -> None:
    """Write down that the same happened to each of many rows."""
    Entry.objects.bulk_create((_entry(event, by, row, account_id, "", data) for row in rows), batch_size=500)


def record_many(
    event: Event, told: Iterable[tuple[Any, object, dict[str, Any]]], *, by: Actor, account_id: UUID
) -> None:
    """Write down what happened to many rows, each with the user concerned and data of its own."""
    entries = [_entry(event, by, row, account_id, subject, data) for row, subject, data in told]
    Entry.objects.bulk_create(entries, batch_size=500)


def _entry(
    event: Event, by: Actor, about: Any, account_id: UUID | None, subject_id: object, data: dict[str, Any]
) -> Entry:
    missing = event.names - data.keys()
    if missing:
        raise MissingData(f"{event.code} needs {', '.join(sorted(missing))}")
    return Entry(
        account_id=account_id or getattr(about, "account_id", None) or by.account_id,
        event=event.code,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label,
        object_kind=about._meta.model_name if about is not None else "",
        object_id=str(about.pk) if about is not None else "",
        subject_id=str(subject_id),
        data=facts.stored(data),
        address=by.address,
        browser=by.browser[:300],
        through=by.through,
        request_id=by.request_id,
    )
