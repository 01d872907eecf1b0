"""Files of the home: written first under a random name, the row that names them last; what no row names is swept away."""

import os
import secrets
import time
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from django.conf import settings


def path(name: str) -> Path:
    """Where a file is."""
    return Path(settings.HOME) / "files" / name


def begin() -> tuple[str, BinaryIO]:
    """A new file, its name and where to write."""
    name = secrets.token_hex(16)
    path(name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return name, os.fdopen(os.open(path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def remove(name: str) -> None:
    """Remove a file; where it is gone already, all is well."""
    path(name).unlink(missing_ok=True)


def sweep(named: Collection[str], *, older_than: float) -> None:
    """Remove files that no row names and that are older than so many seconds: somebody may be writing one now."""
    folder = path("x").parent
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.name not in named and time.time() - file.stat().st_mtime > older_than:
            file.unlink(missing_ok=True)
