"""Django's SQLite, with a queue before the one write lock.

SQLite lets whoever finds it locked sleep and try again, longer each time, so that threads of one process wait many times
as long as the writing takes, and the unlucky for seconds. Here they stand in a queue and are woken in turn. Other
processes (the worker) still meet in SQLite's own way.
"""

import threading
from typing import Any

from django.db.backends.sqlite3 import base

_queues: dict[str, threading.Lock] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    """Holds its database's place in the queue from BEGIN IMMEDIATE to the end of the transaction."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._has_turn = False

    def _queue(self) -> threading.Lock:
        return _queues.setdefault(str(self.settings_dict["NAME"]), threading.Lock())

    def _start_transaction_under_autocommit(self) -> None:
        self._wait_for_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._pass_on()
            raise

    def _wait_for_turn(self) -> None:
        """Wait as long as SQLite would; whoever has not come in by then is told by SQLite itself."""
        if not self._has_turn:
            seconds = float(self.settings_dict["OPTIONS"].get("timeout", 5))
            self._has_turn = self._queue().acquire(timeout=seconds)

    def _pass_on(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._queue().release()

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # where this fails, the rollback that follows passes the turn on
        self._pass_on()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._pass_on()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._pass_on()
