"""Pages per second with many users, beside a bare Django page of as many rows; whole purchases per second.

Server and load share the machine. A purchase is: add to the cart, open the confirmation, place the order, open the card
page, pay, return; signing in happened before. The pages that a browser would load in between are not counted.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from tools.bench.load import Browser, Rate, field, measure, path_of

CLIENTS = 8
ROWS = 25  # of a page of users
CARD = "4242424242424242"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench pages", description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    parser.add_argument("--seconds", type=float, default=9, help="how long each page is loaded (default 9)")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="one of the two alone")
    options = parser.parse_args()
    figures: dict[str, Rate] = {}
    for database in [options.database] if options.database else ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory(prefix="valija-bench-") as folder:
            figures |= {
                f"{database}.{name}": rate for name, rate in run(database, Path(folder), options).items()
            }
    show(figures)
    if options.json:
        print(json.dumps({"peer": "ours", **{f"{name}.rps": rate.spread for name, rate in figures.items()}}))


def run(database: str, folder: Path, options: argparse.Namespace) -> dict[str, Rate]:
    figures = {}
    with bare(database, folder, options.users) as (url, cookie):
        browsers = [Browser(url) for _ in range(CLIENTS)]
        for browser in browsers:
            browser.cookies["sessionid"] = cookie
        figures["bare"] = measure(
            [lambda b=b: b.get(f"/people/{ROWS}") for b in browsers], seconds=options.seconds
        )  # type: ignore[misc]
    with ours(database, folder, options.users) as (url, links):
        admin = sign_in(url, links[0])
        for name, path in (("sign-in", "/sign-in"), ("licenses", "/licenses"), ("users", "/users")):
            browsers = [Browser(url) for _ in range(CLIENTS)]
            if name != "sign-in":
                for browser in browsers:
                    browser.cookies = dict(admin.cookies)
            figures[name] = measure([lambda b=b, p=path: b.get(p) for b in browsers], seconds=options.seconds)  # type: ignore[misc]
        buyers = [sign_in(url, link) for link in links[1:]]
        figures["purchase"] = measure([lambda b=b: purchase(b) for b in buyers], seconds=options.seconds)  # type: ignore[misc]
    return figures


def sign_in(url: str, link: str) -> Browser:
    browser = Browser(url)
    page = browser.get(path_of(link))
    browser.post("/sign-in/link", page, token=field(page, "token"))
    return browser


def purchase(browser: Browser) -> None:
    """One whole purchase of an account of its own."""
    page = browser.form if hasattr(browser, "form") else browser.get("/licenses")
    browser.form = page  # type: ignore[attr-defined]
    browser.post("/cart/add", page, plan="pro", quantity="1", interval="year")
    page = browser.get("/purchases/confirm")
    browser.post(
        "/purchases/place", page, fingerprint=field(page, "fingerprint"), key=field(page, "key"), agreed="on"
    )
    card_page = path_of(browser.location)
    page = browser.get(card_page)
    browser.post(card_page, page, number=CARD, expiry="12/30", cvc="123", name="Buyer")
    browser.get(path_of(browser.location))


def show(figures: dict[str, Rate]) -> None:
    print(f"{'':26}{'per second':>12}{'min':>9}{'max':>9}{'p95 ms':>9}{'of bare':>9}")
    for name, rate in figures.items():
        bare_rate = figures[f"{name.partition('.')[0]}.bare"]
        ratio = median(rate.per_second) / median(bare_rate.per_second)
        low, middle, high = rate.spread
        print(f"{name:26}{middle:12.1f}{low:9.1f}{high:9.1f}{rate.p95_ms:9.1f}{ratio:9.2f}")


@contextmanager
def ours(database: str, folder: Path, users: int) -> Iterator[tuple[str, list[str]]]:
    """A Valija with many users in one account, and accounts that buy."""
    port = free_port()
    with fresh(database) as url_of_database:
        env = {**os.environ, "VALIJA_HOME": str(folder / "home"), "VALIJA_DATABASE_URL": url_of_database,
               "VALIJA_URL": f"http://localhost:{port}", "DJANGO_SETTINGS_MODULE": "valija.settings"}  # fmt: skip
        server = [sys.executable, "-m", "valija.server.main"]
        subprocess.run([*server, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
        filled = subprocess.run(
            [sys.executable, "-m", "tools.bench.fill", str(users), str(CLIENTS)],
            env=env,
            check=True,
            stdout=subprocess.PIPE,
        )
        with running([*server, "serve", "--port", str(port)], env, port, folder / "ours.log"):
            yield f"http://127.0.0.1:{port}", json.loads(filled.stdout)


@contextmanager
def bare(database: str, folder: Path, people: int) -> Iterator[tuple[str, str]]:
    """The bare project, behind the same server with as many processes and threads."""
    port = free_port()
    with fresh(database) as url_of_database:
        env = {**os.environ, "BARE_DATABASE_URL": url_of_database, "BARE_SQLITE": str(folder / "bare.sqlite3"),
               "DJANGO_SETTINGS_MODULE": "tools.bench.bare.settings"}  # fmt: skip
        filled = subprocess.run(
            [sys.executable, "-m", "tools.bench.bare.fill", str(people)],
            env=env,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        workers, threads = ("2", "4") if url_of_database else ("1", "8")
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws",
                   "--workers", workers, "--blocking-threads", threads, "tools.bench.bare.wsgi:application"]  # fmt: skip
        with running(command, env, port, folder / "bare.log"):
            yield f"http://127.0.0.1:{port}", filled.stdout.strip()


@contextmanager
def running(command: list[str], env: dict[str, str], port: int, log: Path) -> Iterator[None]:
    """A server on loopback, from its first answer until it is told to stop, by its process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=output)
    try:
        for _attempt in range(300):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.1)
        time.sleep(1)
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def fresh(database: str) -> Iterator[str]:
    """An empty database; empty text is SQLite."""
    if database == "sqlite":
        yield ""
        return
    import psycopg

    server_url = os.environ["VALIJA_TEST_POSTGRES_URL"]
    name = f"bench_{uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


Once = Callable[[], object]

if __name__ == "__main__":
    main()
