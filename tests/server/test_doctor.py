"""The doctor says what is not well, and what to do about it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from dnslib import RR
from dnslib.server import BaseResolver, DNSLogger, DNSServer

from tests import databases
from tests.server.running import command, free_port, running

pytestmark = [pytest.mark.server, pytest.mark.database]


class Root(BaseResolver):
    def resolve(self, request: Any, handler: Any) -> Any:
        reply = request.reply()
        reply.add_answer(*RR.fromZone(". 60 IN NS a.root.example."))
        return reply


@pytest.fixture(scope="module")
def resolver() -> Iterator[str]:
    """A DNS server on loopback."""
    server = DNSServer(Root(), address="127.0.0.1", port=free_port(), logger=DNSLogger("-request,-reply"))
    server.start_thread()
    yield f"127.0.0.1:{server.server.server_address[1]}"
    server.stop()
    server.server.server_close()


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """An installation that was served once, with nothing wrong."""
    home = tmp_path_factory.mktemp("doctor") / "home"
    with databases.fresh() as database_url:
        with running(home, database_url=database_url):
            pass
        yield home, database_url


@pytest.fixture
def home(well: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of it to be spoiled."""
    return Path(shutil.copytree(well[0], tmp_path / "home"))


def examine(home: Path, database_url: str = "", **variables: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and what was found by the name of each thing looked at."""
    result = command(home, "doctor", database_url=database_url, **variables)
    assert result.stderr == ""
    lines = [re.split(r"  +", line, maxsplit=2) for line in result.stdout.splitlines()]
    return result.returncode, {name: (well.strip(), sentence) for well, name, sentence in lines}


def test_nothing_is_wrong_after_a_first_start(well: tuple[Path, str], resolver: str) -> None:
    status, found = examine(*well, VALIJA_DNS_SERVER=resolver)
    assert [f"{name}: {sentence}" for name, (well_, sentence) in found.items() if well_ != "ok"] == []
    assert status == 0
    assert list(found) == [
        *("python", "home", "disk", "secret key", "translations"),
        *("mail", "dns", "static files", "database", "migrations", "letters", "clock"),
    ]


def test_without_a_home_there_is_nothing_to_examine(tmp_path: Path) -> None:
    status, found = examine(tmp_path / "nowhere")
    assert status == 1
    assert "does not exist yet: `valija-server serve` makes it" in found["home"][1]
    assert not (tmp_path / "nowhere").exists()


def test_a_home_that_others_can_read_is_found(home: Path, resolver: str) -> None:
    home.chmod(0o755)
    (home / "secret_key").chmod(0o644)
    status, found = examine(home, VALIJA_DNS_SERVER=resolver)
    assert status == 1
    assert found["home"] == ("NOT", f"{home} can be read by others: chmod 700 {home}")
    assert found["secret key"][0] == "NOT"


def test_a_database_that_lags_behind_is_found(home: Path, resolver: str) -> None:
    (home / "valija.sqlite3").unlink(missing_ok=True)
    with databases.fresh() as empty:
        _status, found = examine(home, empty, VALIJA_DNS_SERVER=resolver)
    assert found["migrations"][0] == "NOT"
    assert found["migrations"][1].endswith("valija-server migrate")


def test_a_database_that_does_not_answer_is_found(home: Path, resolver: str) -> None:
    unreachable = f"postgresql://nobody:nothing@127.0.0.1:{free_port()}/none"
    status, found = examine(home, unreachable, VALIJA_DNS_SERVER=resolver)
    assert status == 1
    assert found["database"][0] == "NOT"
    assert "migrations" not in found


def test_a_mail_server_is_tried(home: Path, resolver: str) -> None:
    mail = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    mail.start()
    try:
        address = f"smtp://127.0.0.1:{mail.port}"
        assert examine(home, VALIJA_DNS_SERVER=resolver, VALIJA_SMTP_URL=address)[1]["mail"][0] == "ok"
    finally:
        mail.stop()
    assert examine(home, VALIJA_DNS_SERVER=resolver, VALIJA_SMTP_URL=address)[1]["mail"][0] == "NOT"


def test_a_resolver_that_does_not_answer_is_found(home: Path) -> None:
    _status, found = examine(home, VALIJA_DNS_SERVER=f"127.0.0.1:{free_port()}")
    assert found["dns"][0] == "NOT"
