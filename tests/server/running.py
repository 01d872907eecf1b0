"""A whole Valija, started as an operator starts it, on loopback and in a home of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

SERVER = (sys.executable, "-m", "valija.server.main")


class Running:
    """One `valija-server serve` and all that it has started."""

    def __init__(
        self, home: Path, *arguments: str, database_url: str = "", port: int = 0, **variables: str
    ) -> None:
        self.home = home
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self.environment = environment(home, database_url, **variables)
        self._printed = home.with_suffix(".printed")
        self._complaints = home.with_suffix(".complaints")
        self.started = time.monotonic()
        with self._printed.open("w") as printed, self._complaints.open("w") as complaints:
            self.process = subprocess.Popen(
                [*SERVER, "serve", "--port", str(self.port), *arguments],
                stdout=printed,
                stderr=complaints,
                env=self.environment,
                process_group=0,
            )

    def wait_until_ready(self, seconds: float = 60) -> "Running":
        """Wait for the line that says so, and note how long it took."""
        until(lambda: self._has_printed(f"Valija is ready at {self.url}\n"), seconds, self._report)
        self.seconds_to_start = time.monotonic() - self.started
        return self

    def links(self) -> dict[str, str]:
        """The sign-in links printed at the start, by address."""
        until(lambda: self._has_printed("Sign in as "), 5, self._report)
        lines = self._printed.read_text().splitlines()
        return dict(
            line.removeprefix("Sign in as ").split(": ", 1)
            for line in lines
            if line.startswith("Sign in as ")
        )

    def _has_printed(self, words: str) -> bool:
        assert self.process.poll() is None, self._report()
        return words in self._printed.read_text()

    def _report(self) -> str:
        return self._printed.read_text() + self.complaints()

    def complaints(self) -> str:
        return self._complaints.read_text()

    def process_of(self, name: str, *, other_than: int = 0) -> int:
        """The process that runs `web` or `worker`, once there is one."""
        found: list[int] = []

        def there() -> bool:
            found[:] = [pid for pid in children_of(self.process.pid) if f"\0{name}\0" in command_of(pid)]
            return found not in ([], [other_than])

        until(there, 10, self._report)
        return found[0]

    def answers(self) -> bool:
        """Whether the portal answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop as Ctrl-C does, and say the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=15)
        finally:
            self.process.kill()


@contextmanager
def running(home: Path, *arguments: str, database_url: str = "", **variables: str) -> Iterator[Running]:
    """A server that is ready; without a `database_url` on SQLite."""
    server = Running(home, *arguments, database_url=database_url, port=0, **variables)
    try:
        yield server.wait_until_ready()
    finally:
        server.stop()


def command(
    home: Path, *arguments: str, database_url: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """One command of `valija-server`, to its end."""
    surroundings = environment(home, database_url, **variables)
    return subprocess.run([*SERVER, *arguments], env=surroundings, capture_output=True, text=True, timeout=60)


def environment(home: Path, database_url: str = "", **variables: str) -> dict[str, str]:
    """The caller's environment without his own installation in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VALIJA_", "DJANGO_"))}
    return {**kept, "VALIJA_HOME": str(home), "VALIJA_DATABASE_URL": database_url, **variables}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(come_true: Callable[[], bool], seconds: float, report: Callable[[], str] = str) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not come_true():
        assert time.monotonic() < deadline, f"not within {seconds} s. {report()}"
        time.sleep(0.02)


def children_of(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def family_of(pid: int) -> list[int]:
    """All that a process has started, and what those have started."""
    return [found for child in children_of(pid) for found in (child, *family_of(child))]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
