"""What an operator does beside starting and stopping."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests import databases
from tests.server.running import Running, command, running

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("installation") / "home"
    with databases.fresh() as database_url, running(home, "--demo", database_url=database_url) as started:
        yield started


def _output(server: Running, *arguments: str) -> str:
    result = command(server.home, *arguments, database_url=server.environment["VALIJA_DATABASE_URL"])
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_demo_lets_each_of_the_cast_in(server: Running) -> None:
    names = ("alice@aurora", "bob@aurora", "carol@aurora", "dave@aurora", "mallory@borealis", "oscar@valija")
    assert set(server.links()) == {f"{name}.example" for name in names}


def test_a_sign_in_link_leads_to_the_running_server(server: Running) -> None:
    link = _output(server, "sign-in-link", "Alice@aurora.example").strip()
    assert link.startswith(server.url)
    with urlopen(link, timeout=5) as answer:
        assert answer.status == 200


def test_nobody_gets_a_link_for_an_unknown_address(server: Running) -> None:
    result = command(
        server.home,
        "sign-in-link",
        "eve@aurora.example",
        database_url=server.environment["VALIJA_DATABASE_URL"],
    )
    assert (result.returncode, result.stderr) == (1, "Nobody here has the address eve@aurora.example.\n")


def test_an_account_is_opened_with_its_administrator(server: Running) -> None:
    said = _output(server, "create-account", "Cobalto", "--admin", "ana@cobalto.example", "--language", "fr")
    assert said.splitlines()[0] == "Cobalto is open. ana@cobalto.example signs in at:"
    assert said.splitlines()[1].startswith(server.url)


def test_an_account_cannot_be_opened_for_an_address_in_use(server: Running) -> None:
    result = command(
        server.home,
        *("create-account", "Cobre", "--admin", "alice@aurora.example"),
        database_url=server.environment["VALIJA_DATABASE_URL"],
    )
    assert result.returncode == 1
    assert "alice@aurora.example" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_outbox_is_read_as_lines_of_json(server: Running) -> None:
    for line in _output(server, "outbox").splitlines():
        letter = json.loads(line)
        assert {"to", "subject", "text", "links", "language", "letter", "written_at"} <= set(letter)


def test_license_files_get_a_new_key(server: Running) -> None:
    first, second = (_output(server, "rotate-key").split()[7] for _time in range(2))
    assert first != second
    with urlopen(f"{server.url}/api/v1/license-keys", timeout=5) as answer:
        assert {first, second} <= {key["kid"] for key in json.load(answer)["keys"]}


def test_home_may_stand_before_or_after_the_command(server: Running, tmp_path: Path) -> None:
    elsewhere, database_url = tmp_path / "elsewhere", server.environment["VALIJA_DATABASE_URL"]
    for arguments in (("--home", str(server.home), "outbox"), ("outbox", "--home", str(server.home))):
        assert command(elsewhere, *arguments, database_url=database_url).returncode == 0
    assert not elsewhere.exists()
