"""Style sheets, fonts and scripts, copied under names with a digest, where they changed since the last start."""

import hashlib
from pathlib import Path


def fingerprint() -> str:
    """What the files are now, without reading them."""
    from django.conf import settings
    from django.contrib.staticfiles import finders

    seen = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in finders.get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            seen.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def stale() -> bool:
    """Whether a file changed since they were collected."""
    stamp = _stamp()
    return not stamp.exists() or stamp.read_text() != fingerprint()


def collect_stale() -> None:
    """Collect, if anything changed."""
    from django.core.management import call_command

    if stale():
        call_command("collectstatic", interactive=False, verbosity=0, clear=True, skip_checks=True)
        _stamp().write_text(fingerprint())


def _stamp() -> Path:
    from django.conf import settings

    return Path(settings.STATIC_ROOT) / ".collected"
