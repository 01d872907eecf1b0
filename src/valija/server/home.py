"""The folder of all state, and who works in it."""

import fcntl
import os
from pathlib import Path
from typing import IO

DEFAULT = "var"


class Stop(Exception):
    """Something an operator must hear in one sentence, not in a traceback."""


def settle(named: str) -> Path:
    """Put into the environment, for the settings and for children, which home is meant."""
    home = Path(named or os.environ.get("VALIJA_HOME") or DEFAULT).expanduser().resolve()
    os.environ["VALIJA_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "valija.settings"
    return home


def prepare(home: Path) -> None:
    """Make the home, readable by its owner alone."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "log").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Stop(
            f"The home {home} cannot be made: {error.strerror}. Choose another one with --home."
        ) from error


def hold(home: Path) -> IO[str]:
    """Be the only `serve` of this home for as long as the file returned is open."""
    lock = (home / "serve.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        raise Stop(
            f"Valija already runs in {home} (process {lock.read().strip()}). Stop it, or choose another --home."
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def remember_url(home: Path, port: int) -> str:
    """The public address: VALIJA_URL, or this machine's own."""
    url = os.environ.setdefault("VALIJA_URL", f"http://localhost:{port}")
    (home / "url").write_text(url + "\n")
    return url


def recall_url(home: Path) -> None:
    """Let a link printed from another terminal lead to the port that `serve` was started with."""
    remembered = home / "url"
    if "VALIJA_URL" not in os.environ and remembered.is_file():
        os.environ["VALIJA_URL"] = remembered.read_text().strip()
