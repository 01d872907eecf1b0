"""The users as a file: CSV as it comes, or a workbook; safe against formulas, and good to import again."""

import csv
import tempfile
from collections.abc import Iterator
from itertools import chain
from typing import Any

import xlsxwriter
from django.http import FileResponse, StreamingHttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from valija.accounts.models import User
from valija.accounts.permissions import Permission, Role
from valija.licensing import sheets
from valija.licensing.searching import people
from valija.web.access import Request, allowed
from valija.web.bulk import asked_of


class Echo:
    """Hands on what a CSV writer writes, line by line."""

    def write(self, line: str) -> str:
        return line


@require_GET
@allowed(Permission.USER_SEE)
def export_users(request: Request) -> Any:
    """Everybody who matches, with the columns of the import."""
    language = get_language() or "en"
    index = ("es", "en", "fr").index(language)
    headings = [names[index] for names in sheets.COLUMNS.values()]
    users = (
        people(request.account, asked_of(request.GET))
        .select_related("license__plan")
        .order_by("sort_name", "id")
    )
    if request.GET.get("as") == "xlsx":
        return _workbook(headings, users)
    writer = csv.writer(Echo(), delimiter="," if language == "en" else ";")

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(headings)
        for cells in _rows(users):
            yield writer.writerow([sheets.safe(cell) for cell in cells])

    answer: Any = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="valija.csv"'
    return answer


def _rows(users: Any) -> Iterator[list[str]]:
    roles = {code: str(label) for code, label in Role.choices}
    for user in users.iterator(chunk_size=2000):
        yield [_cell(user, field, roles) for field in sheets.COLUMNS]


def _cell(user: User, field: str, roles: dict[str, str]) -> str:
    if field == "plan":
        held = getattr(user, "license", None)
        return held.plan.name if held else ""
    value = str(getattr(user, field))
    return roles[value] if field == "role" else value


def _workbook(headings: list[str], users: Any) -> Any:
    """Written row by row to a file of its own, so that its memory does not grow; every cell is text."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the answer closes it)
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Valija")
        sheet.freeze_panes(1, 0)
        for number, cells in enumerate(chain([headings], _rows(users))):
            for column, cell in enumerate(cells):
                sheet.write_string(number, column, cell)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename="valija.xlsx")
