"""One command starts everything, keeps it running, and leaves nothing behind."""

import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.server.running import Running, alive, children_of, command, family_of, free_port, running, until

pytestmark = pytest.mark.server

QUICK = 3.0  # seconds to a second start


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def server(home: Path) -> Iterator[Running]:
    with databases.fresh() as database_url, running(home, database_url=database_url) as started:
        yield started


def test_a_first_start_makes_a_home_for_its_owner_alone(server: Running) -> None:
    for name, mode in {"": 0o700, "secret_key": 0o600, "log": 0o700}.items():
        assert stat.S_IMODE((server.home / name).stat().st_mode) == mode, name


def test_a_first_start_lets_the_first_administrator_in(server: Running) -> None:
    assert list(server.links()) == ["admin@localhost"]
    assert server.links()["admin@localhost"].startswith(server.url)


def test_a_second_start_is_quick(home: Path) -> None:
    with running(home) as first:
        port = first.port
    times: list[float] = []
    # Other tests may be busy beside this one: what it takes is the shortest of a few.
    while len(times) < 12 and min(times, default=QUICK) >= QUICK:
        server = Running(home, port=port)
        try:
            times.append(server.wait_until_ready().seconds_to_start)
        finally:
            server.stop()
    assert min(times) < QUICK


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_process_that_is_killed_is_started_again(server: Running, name: str) -> None:
    killed = server.process_of(name)
    os.kill(killed, signal.SIGKILL)
    until(lambda: not alive(killed), 2)
    assert server.process_of(name, other_than=killed)
    until(server.answers, 10)
    assert f"{name} ended (signal 9); starting it again" in server.complaints()


def test_what_the_web_process_starts_is_started_again_too(server: Running) -> None:
    web = server.process_of("web")
    killed = children_of(web)[-1]
    os.kill(killed, signal.SIGKILL)
    until(lambda: not alive(killed), 2)
    until(server.answers, 15)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_without_leaving_a_process(server: Running, number: signal.Signals) -> None:
    everyone = family_of(server.process.pid)
    assert len(everyone) >= 3
    assert server.stop(number) == 0
    assert [pid for pid in everyone if alive(pid)] == []
    with socket.create_server(("127.0.0.1", server.port)):
        pass


def test_killing_it_ends_all_its_processes(server: Running) -> None:
    everyone = family_of(server.process.pid)
    server.stop(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in everyone), 5)


def test_a_taken_port_is_told_in_a_sentence(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = command(home, "serve", "--port", str(port))
    assert result.returncode == 1
    assert f"Port {port} cannot be used" in result.stderr
    assert f"--port {port + 1}" in result.stderr
    assert "Traceback" not in result.stderr


def test_two_cannot_serve_one_home(server: Running) -> None:
    result = command(server.home, "serve", "--port", str(free_port()))
    assert result.returncode == 1
    assert f"Valija already runs in {server.home} (process {server.process.pid})" in result.stderr


def test_a_database_that_does_not_answer_is_told_in_a_sentence(home: Path) -> None:
    unreachable = f"postgresql://nobody:nothing@127.0.0.1:{free_port()}/none"
    result = command(home, "serve", "--port", str(free_port()), database_url=unreachable)
    assert result.returncode == 1
    assert "The database cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr
