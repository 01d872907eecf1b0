"""What the clock will do until a day: every renewal, charge and letter, on a copy of the database. Nothing is sent or charged."""

import argparse
import os
import shutil
import sqlite3
import tempfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from valija.server import database, home
from valija.server.home import Stop


def run(options: argparse.Namespace) -> int:
    """`valija-server rehearse --until DATE`"""
    try:
        until = date.fromisoformat(options.until)
    except ValueError as wrong:
        raise Stop("Write the day like 2027-12-31.") from wrong
    if os.environ.get("VALIJA_DATABASE_URL"):
        raise Stop(
            "The rehearsal works on an installation with SQLite; it does not copy a PostgreSQL database yet."
        )
    with tempfile.TemporaryDirectory(prefix="valija-rehearsal-") as folder:
        _copy(Path(options.home), Path(folder))
        home.settle(folder)
        os.environ["VALIJA_SMTP_URL"] = ""
        database.set_up()
        _rehearse(until)
    return 0


def _copy(original: Path, copy: Path) -> None:
    """The database as it is at this moment, while the installation goes on working; and its key."""
    if not (original / "valija.sqlite3").is_file():
        raise Stop(f"There is no database in {original}.")
    shutil.copy(original / "secret_key", copy / "secret_key")
    source, target = (sqlite3.connect(folder / "valija.sqlite3") for folder in (original, copy))
    with source, target:
        source.backup(target)
    source.close()
    target.close()


def _rehearse(until: date) -> None:
    from django.utils.translation import override

    from valija.billing.operations import renewing
    from valija.core import clock

    renewing.charge_stored_method = _charged  # type: ignore[attr-defined]
    last, start = {"entry": _newest("entry"), "letter": _newest("letter")}, clock.today()
    with override("en"):
        for number in range((until - start).days + 1):
            day = start + timedelta(days=number)
            with clock.at(datetime.combine(day, time(23), UTC) if number else clock.now()):
                _do_what_is_due()
            last = _tell(day, last)


def _charged(order: Any, *, by: Any) -> Any:
    """As if every stored card were accepted; nobody is asked."""
    from valija.billing import operations as billing
    from valija.billing.providers import NoStoredMethod, Outcome

    if billing.stored_method(order.account) is None:
        raise NoStoredMethod
    return billing.settle_payment(order.payment, Outcome("paid", order.total, order.currency), by=by)


def _do_what_is_due() -> None:
    from valija.billing import operations as billing

    for act in (billing.renew_due, billing.suspend_due, billing.end_due, billing.remind_due):
        act.call()


def _newest(kind: str) -> Any:
    from valija.journal.models import Entry
    from valija.mail.models import Letter

    rows: Any = Entry.objects if kind == "entry" else Letter.objects
    return set(rows.values_list("pk", flat=True))


def _tell(day: date, told: dict[str, Any]) -> dict[str, Any]:
    from valija.journal.models import Entry
    from valija.mail.models import Letter
    from valija.mail.rendering import render

    for entry in Entry.objects.exclude(pk__in=told["entry"]).order_by("at", "id"):
        print(f"{day}  {entry.sentence}")
    for letter in Letter.objects.exclude(pk__in=told["letter"]).order_by("written_at", "id"):
        print(f"{day}  letter to {letter.to}: {render(letter).subject}")
    return {"entry": _newest("entry"), "letter": _newest("letter")}
