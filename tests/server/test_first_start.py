"""A person with a fresh clone runs one command."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, kept_files
from tests.server.running import environment, free_port, until

pytestmark = pytest.mark.server


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a clone would hold."""
    folder = tmp_path / "clone"
    for path in kept_files():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    return folder


def _starts(clone: Path, seconds: float) -> None:
    kept = {
        name: value
        for name, value in environment(clone).items()
        if not name.startswith(("VALIJA_", "VIRTUAL_ENV"))
    }
    printed = clone / "printed"
    with printed.open("w") as output:
        server = subprocess.Popen(
            [clone / "bin/serve", "--port", str(free_port())], stdout=output, env=kept, cwd="/"
        )
    try:
        until(lambda: "Valija is ready at" in printed.read_text() or server.poll() is not None, seconds)
        assert server.poll() is None
        assert (clone / "var/valija.sqlite3").is_file()
    finally:
        server.terminate()
        server.wait(timeout=15)


def test_a_fresh_clone_starts_with_one_command(clone: Path) -> None:
    """It makes its environment from checked bytes, and finds it ready the second time."""
    _starts(clone, seconds=300)
    _starts(clone, seconds=10)


def test_a_python_that_is_too_old_is_told_in_a_sentence(clone: Path, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "cat", "cut", "dirname", "env", "sed", "sha256sum"):
        (programs / name).symlink_to(shutil.which(name) or "")
    old = programs / "python3"
    old.write_text(
        '#!/bin/bash\ncase "$2" in *sys.executable*) echo "$0" ;; *platform*) echo 3.11.7 ;; *) exit 1 ;; esac\n'
    )
    old.chmod(0o755)
    result = subprocess.run(
        [clone / "bin/serve"],
        env={"PATH": str(programs), "HOME": str(tmp_path), "LANG": os.environ.get("LANG", "C")},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert result.stderr == (
        "Valija: Python 3.12 or newer is needed; the newest here is 3.11.7. Install Python 3.13 and start again.\n"
    )
