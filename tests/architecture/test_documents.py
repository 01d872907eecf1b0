"""What an operator or a program relies on is written down, and what is written down is there."""

import re

from tests.architecture.source import ROOT, kept_files
from valija.core import env
from valija.journal.events import Event


def _document(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def test_every_setting_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"\bVALIJA_[A-Z_]+\b", _document("configuration.md")))
    assert documented == {variable.name for variable in env.ALL}


def test_settings_are_read_in_one_place() -> None:
    """Only what starts processes and tests touches the environment besides."""
    found = [
        str(path.relative_to(ROOT))
        for path in kept_files()
        if path.suffix == ".py"
        and "valija" in path.parts
        and "server" not in path.parts
        and "client" not in path.parts
        if path.name not in {"env.py", "wsgi.py"} and re.search(r"\bos\.(environ|getenv)\b", path.read_text())
    ]
    assert found == []


def test_every_event_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)`", _document("journal.md"), re.MULTILINE))
    assert documented == {event.code for event in Event}
