"""What is well with an installation and what is not, each with what to do about it."""

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from valija.server import database
from valija.server.home import Stop

ENOUGH_DISK = 1_000_000_000
SECONDS_TO_ANSWER = 5


@dataclass(frozen=True)
class Finding:
    well: bool
    sentence: str


def run(options: argparse.Namespace) -> int:
    """`valija-server doctor`: exit code 1 if anything is not well."""
    findings = list(_examine(options.home))
    for name, finding in findings:
        print(f"{'ok ' if finding.well else 'NOT'}  {name:<13} {finding.sentence}")
    return 0 if all(finding.well for _name, finding in findings) else 1


def _examine(home: Path) -> list[tuple[str, Finding]]:
    found = [("python", python()), ("home", home_folder(home))]
    if not home.is_dir():
        return found  # the rest would make one
    found += [("disk", disk(home)), ("secret key", secret_key(home)), ("translations", catalogues())]
    found += [
        (name, _asked(check))
        for name, check in (("mail", mail), ("dns", dns), ("static files", static_files))
    ]
    found.append(("database", _asked(database_answers)))
    if found[-1][1].well:
        found += [
            (name, _asked(check))
            for name, check in (("migrations", migrations), ("letters", letters), ("clock", clock))
        ]
    return found


def _asked(check: Callable[[], Finding]) -> Finding:
    try:
        database.set_up()
        return check()
    except Exception as error:  # noqa: BLE001 (whatever is wrong is what the operator wants to read)
        sentence = str(error) if isinstance(error, Stop) else f"{type(error).__name__}: {error}"
        return Finding(False, " ".join(sentence.split()))  # PostgreSQL explains itself in several lines


def python() -> Finding:
    return Finding(
        sys.version_info >= (3, 12),
        f"{platform.python_version()} at {sys.executable} (3.12 or newer is needed)",
    )


def home_folder(home: Path) -> Finding:
    if not home.is_dir():
        return Finding(
            False, f"{home} does not exist yet: `valija-server serve` makes it, --home names another one"
        )
    if not os.access(home, os.W_OK):
        return Finding(False, f"{home} cannot be written to by this user")
    if home.stat().st_mode & 0o077:
        return Finding(False, f"{home} can be read by others: chmod 700 {home}")
    return Finding(True, f"{home}, for its owner alone")


def disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    sentence = f"{free / 1e9:.1f} GB free"
    return Finding(
        free > ENOUGH_DISK, sentence if free > ENOUGH_DISK else f"{sentence}: make room, or move the home"
    )


def secret_key(home: Path) -> Finding:
    key = home / "secret_key"
    if not key.is_file():
        return Finding(
            False, f"{key} is missing: restore it from a backup, or start anew with `valija-server serve`"
        )
    if key.stat().st_mode & 0o077:
        return Finding(False, f"{key} can be read by others: chmod 600 {key}")
    return Finding(True, "for its owner alone")


def catalogues() -> Finding:
    from valija.server import translations

    waiting = len(translations.stale())
    return Finding(
        not waiting, f"{waiting} catalogues are not compiled: start again" if waiting else "compiled"
    )


def database_answers() -> Finding:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    version = ".".join(str(part) for part in connection.get_database_version())
    return Finding(True, f"{connection.display_name} {version} answers")


def migrations() -> Finding:
    missing = database.pending()
    if missing:
        return Finding(False, f"{len(missing)} are missing, the first is {missing[0]}: valija-server migrate")
    return Finding(True, "none is missing")


def clock() -> Finding:
    """A clock that went back would write evidence that contradicts itself."""
    from django.db import connection

    from valija.journal.models import Entry

    now = datetime.now(UTC)
    latest = Entry.objects.order_by("-at").values_list("at", flat=True).first()
    if latest and latest > now + timedelta(seconds=SECONDS_TO_ANSWER):
        return Finding(
            False,
            f"{now:%Y-%m-%d %H:%M} is before the latest journal entry ({latest:%Y-%m-%d %H:%M}): set it",
        )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            apart = abs((cursor.fetchone()[0] - datetime.now(UTC)).total_seconds())
        if apart > SECONDS_TO_ANSWER:
            return Finding(False, f"{apart:.0f} s apart from the database's: let both follow a time server")
    return Finding(True, f"{now:%Y-%m-%d %H:%M} UTC")


def static_files() -> Finding:
    from valija.server import static

    return Finding(False, "out of date: start again") if static.stale() else Finding(True, "collected")


def mail() -> Finding:
    from django.conf import settings
    from django.core.mail import mailers

    if not settings.MAIL_LEAVES:
        return Finding(True, "letters stay in the outbox (VALIJA_SMTP_URL is not set): valija-server outbox")
    with mailers["default"] as connection:
        connection.open()
    return Finding(True, "the mail server answers")


def letters() -> Finding:
    from django.conf import settings

    from valija.mail.models import Letter

    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    late = Letter.objects.waiting().filter(written_at__lt=long_ago).count() if settings.MAIL_LEAVES else 0
    if late:
        return Finding(
            False, f"{late} have waited for more than 5 minutes: is `valija-server worker` running?"
        )
    return Finding(True, "none is late")


def dns() -> Finding:
    """Asked as domains are asked; that example.com has no record of ours is an answer too."""
    from valija.domains.dns import Result, look_up

    if look_up("example.com", "nothing") is Result.NO_ANSWER:
        return Finding(False, "no domain can be proved, the resolver does not answer: see VALIJA_DNS_SERVER")
    return Finding(True, "the resolver answers")
