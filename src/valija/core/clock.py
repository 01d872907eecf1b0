"""The one clock. Everything that asks for the time asks here, so that tests and rehearsals can set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from django.utils import timezone

_ahead = timedelta()


def now() -> datetime:
    """The time, in UTC."""
    return timezone.now() + _ahead


def today() -> date:
    """The day, in UTC: subscriptions begin and renew by it."""
    return now().date()


def is_set() -> bool:
    """Whether this process lives in another time than its machine."""
    return bool(_ahead)


def move_to(moment: datetime) -> None:
    """Let this process live from another moment on; its clock goes on from there."""
    global _ahead  # noqa: PLW0603 (one clock for all threads is the point)
    _ahead = moment - timezone.now()


def move_by(span: timedelta) -> None:
    """Let this process live so much later (or earlier) than it did."""
    move_to(now() + span)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Live at another moment for a while."""
    global _ahead  # noqa: PLW0603
    before = _ahead
    move_to(moment)
    try:
        yield
    finally:
        _ahead = before
