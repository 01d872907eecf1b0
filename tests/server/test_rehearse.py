"""A rehearsal lists what the clock will do, and does none of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.server.running import command, running
from valija.core import clock

pytestmark = pytest.mark.server


def test_a_rehearsal_changes_nothing_and_refuses_what_is_no_day(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, "--demo"):
        before = command(home, "outbox").stdout
        until = (clock.today() + timedelta(days=3)).isoformat()
        rehearsed = command(home, "rehearse", "--until", until)
        assert rehearsed.returncode == 0, rehearsed.stderr
        assert command(home, "outbox").stdout == before
        assert command(home, "rehearse", "--until", "soon").returncode == 1
