"""Import of people from a CSV file: upload, plan row by row, apply, progress. And the template to fill in."""

import csv
import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from valija.accounts.permissions import Permission
from valija.billing import operations as billing
from valija.billing.missing import missing_licenses
from valija.core import blobs
from valija.core.errors import Refusal
from valija.core.pages import page_of
from valija.licensing import operations as licensing
from valija.licensing import sheets
from valija.licensing.models import ImportRow, Plan, RowState, UserImport
from valija.licensing.reasons import REASONS
from valija.web.access import Request, allowed
from valija.web.bulk import say_added
from valija.web.context import address_of
from valija.web.errors import found, shown_on

PAGE = 25
LOOKS = {RowState.READY: "wait", RowState.REFUSED: "stop", RowState.DONE: "ok", RowState.FAILED: "stop"}
FAULTS = {
    "not_a_csv": _("This is not a CSV file in UTF-8 or Windows-1252. Save it from your spreadsheet as CSV."),
    "no_heading": _("The first line must name the columns, among them the e-mail. The template shows how."),
    "heading_twice": _("Two columns of the first line mean the same. Leave one of them."),
    "quotes_not_closed": _(
        "From line %(line)s on, a quotation mark is not closed or stands where none can stand."
    ),
    "too_many_lines": _("The file has more than 200,000 lines. Please import it in parts."),
}


class ToTheHome(FileUploadHandler):
    """Streams the one file of a form into the home; a file that is too large is not read to its end."""

    blob, size, too_large = "", 0, False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.blob, self.stream = blobs.begin()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.size = start + len(raw_data)
        if self.size > licensing.MOST_BYTES:
            self.too_large = True
            self.stream.close()
            blobs.remove(self.blob)
            raise StopUpload(connection_reset=True)
        self.stream.write(raw_data)

    def file_complete(self, file_size: int) -> None:
        self.stream.close()


@require_http_methods(["GET", "POST"])
@csrf_exempt
def user_import(request: Request) -> HttpResponse:
    """The form is read here, not before: what is uploaded goes straight into the home."""
    handler = ToTheHome(request)
    if request.method == "POST":
        request.upload_handlers = [handler]
    request.upload = handler  # type: ignore[attr-defined]
    answer: HttpResponse = _user_import(request)
    return answer


@csrf_protect
@allowed(Permission.USER_ADD)
def _user_import(request: Request) -> HttpResponse:
    return _started(request) if request.method == "POST" else new_page(request)


def new_page(request: Request) -> HttpResponse:
    language = ("es", "en", "fr").index(get_language() or "en")
    columns = [(names[language], EXPLAINED[field]) for field, names in sheets.COLUMNS.items()]
    recent = UserImport.objects.filter(account=request.account).select_related("maker").order_by("-id")[:10]
    return render(request, "user_import/new.html", {"columns": columns, "recent": recent})


EXPLAINED = {
    "email": _("Needed. Of an approved domain, or of a public mail service."),
    "first_name": _("Needed for whoever is new."),
    "last_name": "",
    "mobile": _("With its prefix, for example +34 600 123 456"),
    "sms_country": _("Two letters, as in ES."),
    "language": _("es, en or fr, or the language's name."),
    "time_zone": _("As in Europe/Madrid; without it, the account's."),
    "date_format": _("d/m/Y, m/d/Y or Y-m-d."),
    "role": _("User, billing or administrator; without it, user."),
    "plan": _("Assigns a license of this plan."),
}


@shown_on(new_page)
def _started(request: Request) -> HttpResponse:
    upload: ToTheHome = request.upload  # type: ignore[attr-defined]
    request.POST.get("file")  # reads the form, if the check of its origin has not
    if upload.too_large:
        raise licensing.FileTooLarge
    try:
        name = upload.file_name or ""
        started = licensing.start_import(request.account, name, upload.blob, upload.size, by=request.actor)
    except Refusal:
        if upload.blob:
            blobs.remove(upload.blob)
        raise
    return redirect("show_import", started.pk)


@require_GET
@allowed(Permission.USER_ADD)
def import_template(request: Request) -> HttpResponse:
    """The headings, in the reader's language, written as his spreadsheet expects it."""
    language = get_language() or "en"
    index = ("es", "en", "fr").index(language)
    text = io.StringIO()
    writer = csv.writer(text, delimiter="," if language == "en" else ";")
    writer.writerow([names[index] for names in sheets.COLUMNS.values()])
    answer = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="valija-{language}.csv"'
    return answer


def _import(request: Request, import_id: UUID) -> UserImport:
    imports = UserImport.objects.filter(account=request.account).select_related("account", "maker")
    return found(imports.filter(pk=import_id).first())


@require_GET
@allowed(Permission.USER_ADD)
def show_import(request: Request, import_id: UUID) -> HttpResponse:
    return import_page(request, import_id)


def import_page(request: Request, import_id: UUID) -> HttpResponse:
    one = _import(request, import_id)
    shown = request.GET.get("rows", "")
    rows = one.rows.select_related("plan")
    if shown == "failed":
        rows = rows.filter(state=RowState.FAILED)
    elif shown in ImportRow.Meaning.values:
        rows = rows.filter(meaning=shown)
    page = page_of(
        rows, by=("line", "id"), size=PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )  # fmt: skip
    reading = one.state == "reading"
    context = {
        "one": one,
        "fault": str(FAULTS.get(one.fault, "")) % {"line": one.fault_line} if one.fault else "",
        "delimiter": {",": _("comma"), ";": _("semicolon"), "\t": _("tabulator")}.get(one.delimiter, ""),
        "missing": missing_licenses(one.account, _needed(one)) if one.state == "planned" else None,
        "may_buy": request.actor.may(Permission.CART_CHANGE),
        "rows": list(_told(page.rows)),
        "page": page,
        "shown": shown,
        "working": one.due_at is not None,
        "worked": one.position if reading else one.done + one.failed,
        "of": one.size if reading else one.ready,
        "percent": 100 * one.position // one.size,
        "licenses_url": address_of("licenses"),
    }
    return render(request, "user_import/import.html", context)


def _told(rows: list[ImportRow]) -> Iterator[dict[str, Any]]:
    for row in rows:
        state = RowState(row.state)
        yield {
            "row": row, "name": f"{row.values.get('first_name', '')} {row.values.get('last_name', '')}".strip(),
            "look": LOOKS.get(state, "off"), "state": state.label, "reason": REASONS.get(row.reason, ""),
            "meaning": ImportRow.Meaning(row.meaning).label,
        }  # fmt: skip


def _needed(one: UserImport) -> dict[Plan, int]:
    """Licenses that the good rows take, by plan."""
    counted = (
        one.rows.filter(state=RowState.READY).exclude(plan=None).values_list("plan").annotate(n=Count("pk"))
    )
    numbers: dict[Any, int] = dict(counted)
    return {plan: numbers[plan.pk] for plan in Plan.objects.filter(pk__in=numbers)}


@require_POST
@allowed(Permission.USER_ADD)
@shown_on(import_page)
def apply_import(request: Request, import_id: UUID) -> HttpResponse:
    licensing.apply_import(_import(request, import_id), by=request.actor)
    return redirect("show_import", import_id)


@require_POST
@allowed(Permission.USER_ADD)
@shown_on(import_page)
def discard_import(request: Request, import_id: UUID) -> HttpResponse:
    licensing.discard_import(_import(request, import_id), by=request.actor)
    messages.success(request, gettext("The import was discarded; nothing was changed."))
    return redirect("user_import")


@require_POST
@allowed(Permission.CART_CHANGE)
@shown_on(import_page)
def buy_for_import(request: Request, import_id: UUID) -> HttpResponse:
    """The licenses that are missing, into the cart."""
    added = billing.add_missing_to_cart(
        request.account, _needed(_import(request, import_id)), by=request.actor
    )
    say_added(request, added)
    return redirect("licenses")
