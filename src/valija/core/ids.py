"""Keys of rows: UUIDs of version 7 (RFC 9562), so that newer rows sort after older ones."""

from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from valija.core import clock

_BELOW_THE_TIME = (1 << 80) - 1


def new_id() -> UUID:
    """A new key."""
    made: UUID = uuid7()
    if clock.is_set():
        return UUID(int=first_id_at(clock.now()).int | made.int & _BELOW_THE_TIME)
    return made


def first_id_at(moment: datetime) -> UUID:
    """The least key that can have been made at a moment: what the keys of a period are compared with."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def earlier_id(key: UUID, span: timedelta) -> UUID:
    """The least key that can have been made so long before another."""
    return UUID(int=max(0, (key.int >> 80) - int(span.total_seconds() * 1000)) << 80)
