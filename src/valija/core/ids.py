"""Keys of rows: UUIDs of version 7 (RFC 9562), so that newer rows sort after older ones."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new key."""
    return uuid7()


def first_id_at(moment: datetime) -> UUID:
    """The least key that can have been made at a moment: what the keys of a period are compared with."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
