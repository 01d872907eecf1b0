"""`pip install .` gives a client that works without Django or anything else of the server. Takes some seconds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.conftest import Running

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command and read what it says."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV", "LC_ALL")
    }
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        env={**kept, **variables},
        check=False,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment in which only `pip install .` was done."""
    home = tmp_path_factory.mktemp("alone")
    # A copy, because a build may leave folders beside the sources.
    ignore = shutil.ignore_patterns(
        ".git", ".venv*", "var", "tests", "node_modules", "__pycache__", "build", "dist", "tools"
    )
    shutil.copytree(ROOT, home / "source", ignore=ignore)
    environment, commands = home / "venv", home / "venv" / ("Scripts" if os.name == "nt" else "bin")
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    steps: list[list[str | Path]]
    if uv:
        steps = [
            [uv, "venv", "--quiet", "--python", sys.executable, environment],
            [uv, "pip", "install", "--quiet", "--python", commands / "python", home / "source"],
        ]
    else:
        steps = [
            [sys.executable, "-m", "venv", environment],
            [commands / "python", "-m", "pip", "install", "--quiet", home / "source"],
        ]
    for step in steps:
        done = run(*step)
        assert done.returncode == 0, done.stderr
    return commands


def test_the_command_works_alone(installed: Path, server: Running, tmp_path: Path) -> None:
    home = {"VALIJA_CLIENT_HOME": str(tmp_path / "home")}
    valija = installed / "valija"
    assert run(valija, "--help", LANG="es_ES.UTF-8").stdout.startswith("valija: activa una licencia")

    activated = run(valija, "activate", server.link, "--device", "Portátil", LANG="C.UTF-8", **home)
    assert activated.returncode == 0, activated.stderr
    server.stop()
    shown = run(valija, "license", LANG="fr_FR.UTF-8", **home)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Bob Castellanos" in shown.stdout
    assert "La licence est valable." in shown.stdout


def test_nothing_of_the_server_came_along(installed: Path) -> None:
    absent = "import importlib.util as u, sys; sys.exit(any(map(u.find_spec, ['django', 'ninja', 'allauth', 'granian'])))"
    assert run(installed / "python", "-c", absent).returncode == 0
    loaded = (
        "import sys, valija.client.main; "
        "print(*sorted({'.'.join(m.split('.')[:2]) for m in sys.modules if m.startswith('valija.')}))"
    )
    assert run(installed / "python", "-c", loaded).stdout.split() == ["valija.client"]


def test_a_terminal_without_our_letters_is_no_fault(installed: Path, tmp_path: Path) -> None:
    ended = run(
        installed / "valija",
        "license",
        "--lang",
        "es",
        PYTHONIOENCODING="ascii",
        VALIJA_CLIENT_HOME=str(tmp_path),
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False)
