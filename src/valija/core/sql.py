"""The little that PostgreSQL and SQLite say differently."""

from typing import Any

from django.db import connection, models


def locked_first[M: models.Model](rows: "models.QuerySet[M]") -> M | None:
    """Take the first free row for this transaction; none if there is none.

    Rows that somebody else holds are skipped, so takers do not queue behind each other. Where that finds nothing, look
    once more and wait: the last row may be held by a transaction that fails.
    """
    if not connection.features.has_select_for_update_skip_locked:
        return rows.first()  # SQLite: the whole transaction holds the one write lock
    found = rows.select_for_update(skip_locked=True, of=("self",)).first()
    return found or rows.select_for_update(of=("self",)).first()


def locked_some[M: models.Model](rows: "models.QuerySet[M]", number: int) -> list[M]:
    """Take so many free rows for this transaction, or as many as there are.

    As with one: what somebody else holds is skipped, unless there are too few without it.
    """
    if not connection.features.has_select_for_update_skip_locked:
        return list(rows[:number])
    found = list(rows.select_for_update(skip_locked=True, of=("self",))[:number])
    if len(found) < number:
        found = list(rows.select_for_update(of=("self",))[:number])
    return found


def locked[M: models.Model](rows: "models.QuerySet[M]", **key: Any) -> M:
    """The one row with this key, held until the transaction ends."""
    return rows.select_for_update(of=("self",)).get(**key)
