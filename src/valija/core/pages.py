"""Lists by key: a page is what comes after (or before) a row, never a page number, so cost does not grow with depth."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from valija.core.errors import InvalidInput


class BadCursor(InvalidInput):
    code = "bad_cursor"


@dataclass(frozen=True)
class Page[M: models.Model]:
    """Some rows of a list, and the cursors that lead on."""

    rows: list[M]
    after: str  # cursor of the next page, empty at the end
    before: str  # cursor of the page before, empty at the start

    @property
    def first(self) -> M | None:
        return self.rows[0] if self.rows else None

    @property
    def last(self) -> M | None:
        return self.rows[-1] if self.rows else None


def page_of[M: models.Model](
    rows: "models.QuerySet[M]", *, by: tuple[str, str], size: int, after: str = "", before: str = ""
) -> Page[M]:
    """One page of `rows` in the order of two fields, the second unique (`-name` for descending).

    Raises:
        BadCursor: the cursor was not made by this function.
    """
    backwards = bool(before)
    order = tuple(_turned(name) for name in by) if backwards else by
    cursor = before or after
    if cursor:
        try:
            rows = rows.filter(_beyond(order, _read(cursor)))
        except (ValidationError, ValueError) as broken:  # values that these fields cannot have
            raise BadCursor from broken
    found = list(rows.order_by(*order)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_next = bool(found) and (more if not backwards else True)
    has_previous = bool(found) and (more if backwards else bool(after))
    return Page(
        rows=found,
        after=_cursor(found[-1], by) if has_next else "",
        before=_cursor(found[0], by) if has_previous else "",
    )


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(order: tuple[str, ...], values: list[Any]) -> Q:
    first, second = (name.lstrip("-") for name in order)
    lookups = ["lt" if name.startswith("-") else "gt" for name in order]
    if first == second:
        return Q(**{f"{second}__{lookups[1]}": values[1]})
    # The redundant outer bound lets the database start in the index instead of scanning to the row.
    bound = Q(**{f"{first}__{lookups[0]}e": values[0]})
    exact = Q(**{f"{first}__{lookups[0]}": values[0]}) | Q(
        **{first: values[0], f"{second}__{lookups[1]}": values[1]}
    )
    return bound & exact


def _cursor(row: models.Model, by: tuple[str, ...]) -> str:
    values = [str(getattr(row, name.lstrip("-"))) for name in by]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read(cursor: str) -> list[str]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, UnicodeError) as broken:
        raise BadCursor from broken
    if not (isinstance(values, list) and len(values) == 2 and all(_usable(value) for value in values)):
        raise BadCursor
    return values


def _usable(value: object) -> bool:
    """Text that a database can compare; PostgreSQL knows no text with a NUL."""
    return isinstance(value, str) and "\0" not in value
