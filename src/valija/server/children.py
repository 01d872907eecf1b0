"""Processes kept running: started, started again when they die, stopped together."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from valija.server.home import Stop
from valija.server.parent import PARENT

SECONDS_TO_STOP = 8
LONGEST_REST = 30.0
CALM = 30.0  # who has run this long is thought healthy: the next rest is the shortest again
LOG_BYTES = 20_000_000


class Child:
    """One process of the installation, under its name."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.deaths = 0
        self.due: float | None = None
        self.started = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, PARENT: str(os.getpid()), "PYTHONUNBUFFERED": "1"},
                # Ctrl-C in a terminal reaches a whole group: only the parent is to hear it, and to stop them in order.
                process_group=0,
            )
        self.started, self.due = time.monotonic(), None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def look_after(self) -> None:
        """Start it again if it has died: at once the first time, after ever longer rests if it goes on dying."""
        if self.process is None or self.running:
            return
        now = time.monotonic()
        if self.due is None:
            self.deaths = 1 if now - self.started > CALM else self.deaths + 1
            rest = 0.0 if self.deaths == 1 else min(LONGEST_REST, 0.5 * 2**self.deaths)
            self.due = now + rest
            # Its own children (granian's) must be gone before the port is asked for again.
            self.end()
            say(
                f"{self.name} ended ({self._how()}); starting it again{f' in {rest:.0f} s' if rest else ''}. See {self.log}"
            )
        if now >= self.due:
            self.start()

    def ask_to_end(self) -> None:
        """Let it finish what it is doing. It tells its own children itself."""
        if self.process is not None:
            self.process.terminate()

    def end(self) -> None:
        """End it now, with all that it has started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # all of them are gone
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _how(self) -> str:
        status = self.process.returncode if self.process else 0
        return f"signal {-status}" if status < 0 else f"exit {status}"


@dataclass
class Bell:
    """Wakes the one who waits when a signal arrives: no sleeping in steps, nothing missed."""

    stop: bool = False

    def __post_init__(self) -> None:
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._rung)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def _rung(self, number: int, frame: object) -> None:
        self.stop = True

    def wait(self, seconds: float) -> None:
        if self.stop:
            return
        if select.select([self._ear], [], [], seconds)[0]:
            self._ear.recv(4096)


def keep_running(children: list[Child], bell: Bell) -> None:
    """Look after the children until told to stop."""
    while not bell.stop:
        for child in children:
            child.look_after()
        dues = [child.due for child in children if child.due is not None]
        bell.wait(max(0.05, min(dues) - time.monotonic()) if dues else 5)


def wait_until(ready: "Probe", children: list[Child], bell: Bell, seconds: float) -> None:
    """Wait for the first answer; a child that dies before it would only die again."""
    deadline = time.monotonic() + seconds
    while not bell.stop and not ready():
        for child in children:
            if not child.running:
                raise Stop(f"{child.name} does not start. The end of {child.log}:\n{_tail(child.log)}")
        if time.monotonic() > deadline:
            raise Stop(f"The web process did not answer within {seconds:.0f} seconds. See {children[0].log}")
        bell.wait(0.03)


def stop(children: list[Child], bell: Bell) -> None:
    """Let all finish what they are doing, then end what has not; a second Ctrl-C ends it at once."""
    for child in children:
        child.ask_to_end()
    deadline = time.monotonic() + SECONDS_TO_STOP
    bell.stop = False
    while any(child.running for child in children) and time.monotonic() < deadline and not bell.stop:
        bell.wait(0.2)
    for child in children:
        child.end()


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


class Probe:
    """Asks the web process whether it is there."""

    def __init__(self, host: str, port: int, name: str) -> None:
        self.address = ("127.0.0.1" if host in {"0.0.0.0", "::", ""} else host, port)  # noqa: S104 (asked, not bound)
        self.question = f"GET /healthz HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()

    def __call__(self) -> bool:
        try:
            with socket.create_connection(self.address, timeout=2) as connection:
                connection.sendall(self.question)
                return b" 200 " in connection.recv(64)
        except OSError:
            return False
