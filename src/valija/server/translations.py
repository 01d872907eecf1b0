"""The catalogues, compiled where they are newer than what is compiled. Needs no gettext on the machine."""

import os
import tempfile
from pathlib import Path

LOCALES = Path(__file__).parents[1] / "locale"


def stale() -> list[Path]:
    """Catalogues that have been changed since they were compiled."""
    return [
        path for path in sorted(LOCALES.glob("*/LC_MESSAGES/*.po")) if _older(path.with_suffix(".mo"), path)
    ]


def compile_stale() -> int:
    """Compile what is stale, and say how many catalogues that were."""
    found = stale()
    for path in found:
        _compile(path)
    return len(found)


def _older(compiled: Path, source: Path) -> bool:
    return not compiled.exists() or compiled.stat().st_mtime_ns < source.stat().st_mtime_ns


def _compile(path: Path) -> None:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        catalogue = read_po(source, locale=path.parts[-3], abort_invalid=True)
    # Under another name first: another process may be reading.
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as compiled:
        write_mo(compiled, catalogue)
    Path(name).chmod(0o644)
    Path(name).replace(path.with_suffix(".mo"))
