"""A child of `serve` ends with it, also when `serve` is killed with -9."""

import ctypes
import os
import signal
import sys
import threading
import time

PARENT = "VALIJA_PARENT"  # between processes only: the number of the process that started this one
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """End this process as soon as the one that started it is gone; for a process started by hand, do nothing."""
    parent = int(os.environ.get(PARENT, "0"))
    if not parent:
        return
    # Whoever this process starts has this process for a parent.
    os.environ[PARENT] = str(os.getpid())
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), signal.SIGKILL)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)
