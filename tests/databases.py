"""Where tests keep their data: a home of their own, and SQLite or PostgreSQL.

`bin/test` runs everything on SQLite, and again on PostgreSQL what is marked `database` or `story`.
For one run by hand: `VALIJA_TEST_DATABASE=postgresql bin/with-postgres .venv-dev/bin/pytest tests/licensing`.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

_SERVER = "VALIJA_TEST_POSTGRES_URL"  # set by bin/with-postgres
_WHICH = "VALIJA_TEST_DATABASE"  # sqlite (default) or postgresql


def on_postgresql() -> bool:
    """Whether this run is about PostgreSQL."""
    return os.environ.get(_WHICH, "sqlite") == "postgresql"


def home() -> Path:
    """The home of this run."""
    return Path(os.environ["VALIJA_HOME"])


def choose() -> None:
    """Put into the environment where the data of this process goes; nothing of the caller's own is touched."""
    for name in [name for name in os.environ if name.startswith("VALIJA_") and name not in {_SERVER, _WHICH}]:
        del os.environ[name]
    folder = tempfile.mkdtemp(prefix="valija-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["VALIJA_HOME"] = folder
    if on_postgresql():
        if _SERVER not in os.environ:
            raise SystemExit(f"{_WHICH}=postgresql needs a server: start with bin/with-postgres")
        os.environ["VALIJA_DATABASE_URL"] = _url("valija")


@contextmanager
def fresh() -> Iterator[str]:
    """An empty database for a `valija-server` of its own, as a value for VALIJA_DATABASE_URL; empty text is SQLite."""
    if not on_postgresql():
        yield ""
        return
    import psycopg

    name = f"valija_{uuid4().hex[:12]}"
    with psycopg.connect(os.environ[_SERVER], autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield _url(name)
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _url(name: str) -> str:
    return urlunsplit(urlsplit(os.environ[_SERVER])._replace(path=f"/{name}"))
