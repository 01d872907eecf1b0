"""The web process: granian in front of Django."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from valija.server import parent

SECONDS_TO_FINISH = 3  # for requests under way when the server is told to stop


def run(options: argparse.Namespace) -> int:
    parent.die_with_parent()
    processes, threads = shape()
    Granian(
        "valija.wsgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        websockets=False,
        workers=processes,
        blocking_threads=threads,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=SECONDS_TO_FINISH,
    ).serve(target_loader=load)
    return 0


def shape() -> tuple[int, int]:
    """How many processes and threads: a second process writing to SQLite makes everyone wait 20 times as long."""
    if os.environ.get("VALIJA_DATABASE_URL"):
        return max(2, os.cpu_count() or 2), 4
    return 1, 8


def load(target: str) -> Callable[..., Any]:
    """What granian calls in each process that it starts."""
    parent.die_with_parent()
    from valija.wsgi import application

    return application
