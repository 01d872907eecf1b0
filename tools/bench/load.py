"""A small HTTP load: threads with a connection each, one request after another, for some seconds."""

import http.client
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape
from statistics import median
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True)
class Rate:
    """Requests (or whole rounds) per second in each of several spans, and the 95th percentile of their time."""

    per_second: list[float]
    p95_ms: float

    @property
    def spread(self) -> list[float]:
        return [round(x, 1) for x in (min(self.per_second), median(self.per_second), max(self.per_second))]


class Browser:
    """One connection with its cookies; follows nothing by itself."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "localhost", parts.port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.location = ""

    def get(self, path: str) -> str:
        return self._ask("GET", path, None)

    def post(self, path: str, page: str = "", **fields: str) -> str:
        """Send a form, with the token that the page before carries."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        return self._ask(
            "POST", path, urlencode({"csrfmiddlewaretoken": token[1] if token else "", **fields})
        )

    def _ask(self, method: str, path: str, body: str | None) -> str:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.location = answer.headers.get("Location", "")
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status}\n{text[:2000]}")
        return text


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) or re.search(
        rf'value="([^"]*)"[^>]*name="{name}"', page
    )
    if found is None:
        raise RuntimeError(f"the page has no field {name}")
    return unescape(found[1])


def measure(rounds: Sequence[Callable[[], object]], *, seconds: float, spans: int = 3) -> Rate:
    """Run each of `rounds` in a thread, again and again; a first second warms up and does not count."""
    times: list[tuple[float, float]] = []
    errors: list[Exception] = []
    stop = threading.Event()

    def run(once: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                began = time.perf_counter()
                once()
                ended = time.perf_counter()
                times.append((ended, ended - began))
        except Exception as error:  # noqa: BLE001 (told by the thread that waits)
            errors.append(error)
            stop.set()

    threads = [threading.Thread(target=run, args=(once,), daemon=True) for once in rounds]
    start = time.perf_counter() + 1
    for thread in threads:
        thread.start()
    stop.wait(seconds + 1)
    stop.set()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    width = seconds / spans
    counted = [(ended - start, took) for ended, took in times if 0 <= ended - start < seconds]
    per_second = [
        sum(1 for at, _took in counted if i * width <= at < (i + 1) * width) / width for i in range(spans)
    ]
    took = sorted(took for _at, took in counted) or [0.0]
    return Rate(per_second, round(took[int(len(took) * 0.95)] * 1000, 1))
