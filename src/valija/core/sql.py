"""The little that PostgreSQL and SQLite say differently."""

from collections.abc import Sequence
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


def update_each(model: type[models.Model], rows: Sequence[tuple[Any, ...]], fields: tuple[str, ...]) -> None:
    """Set fields of many rows to values of their own: (key, value, ...) for each.

    One prepared statement and its parameters; the long CASE of a bulk update takes many times as long.
    """
    if not rows:
        return
    about = model._meta
    columns: list[Any] = [about.get_field(name) for name in fields]
    key = about.pk
    assert key is not None
    quote = connection.ops.quote_name
    setting = ", ".join(f"{quote(str(column.column))} = %s" for column in columns)
    statement = f"UPDATE {quote(about.db_table)} SET {setting} WHERE {quote(str(key.column))} = %s"  # noqa: S608 (names of our own)

    def stored(column: Any, value: Any) -> Any:
        return column.get_db_prep_save(value, connection)

    with connection.cursor() as cursor:
        cursor.executemany(
            statement,
            [
                (
                    *(stored(column, value) for column, value in zip(columns, values, strict=True)),
                    stored(key, of),
                )
                for of, *values in rows
            ],
        )
