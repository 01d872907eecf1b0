"""Lists: some items and the cursor that leads on."""

from django.db import models
from pydantic import BaseModel

from valija.api.values import Out
from valija.core.pages import Page, page_of


class Items[T: BaseModel](Out):
    """One page of a list."""

    items: list[T]
    next: str | None


def listed[M: models.Model](
    rows: "models.QuerySet[M]", *, by: tuple[str, str], limit: int, cursor: str
) -> tuple[list[M], str | None]:
    """One page's rows, and the cursor of the next page."""
    page: Page[M] = page_of(rows, by=by, size=limit, after=cursor)
    return page.rows, page.after or None
