"""Twenty administrators race for five licenses, over HTTP, before a real server."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests import databases
from tests.server.running import Running, running

pytestmark = [pytest.mark.server, pytest.mark.database]

MANY = Path(__file__).with_name("many.py")


def test_five_get_one_and_fifteen_are_told(tmp_path: Path) -> None:
    with databases.fresh() as database_url, running(tmp_path / "home", database_url=database_url) as server:
        pairs = beside(server, "prepare")
        start = Barrier(len(pairs))
        with ThreadPoolExecutor(len(pairs)) as people:
            answers = list(people.map(lambda pair: assign(server.url, pair[0], pair[1], start), pairs))
        done = [answer for answer in answers if answer.status_code == 302]
        told = [answer for answer in answers if answer.status_code == 409]
        assert (len(done), len(told)) == (5, 15), sorted(answer.status_code for answer in answers)
        assert all('role="alert"' in answer.text and "Pro" in answer.text for answer in told)
        assert beside(server, "count") == {
            "assigned": 5,
            "holders": 5,
            "available": 0,
            "letters": 5,
            "lines": 5,
        }


def assign(url: str, link: str, user: str, start: Barrier) -> httpx.Response:
    """One administrator: sign in, open the window, wait for the others, press Save."""
    parts = urlsplit(link)
    with httpx.Client(base_url=url, timeout=60) as browser:
        page = browser.get(f"{parts.path}?{parts.query}").text
        entered = {name: field(page, name) for name in ("csrfmiddlewaretoken", "token")}
        assert browser.post("/sign-in/link", data=entered).status_code == 302
        page = browser.get(f"/users/{user}/license").text
        chosen = {"csrfmiddlewaretoken": field(page, "csrfmiddlewaretoken"), "plan": "pro"}
        start.wait(60)
        return browser.post(f"/users/{user}/license/assign", data=chosen)


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*?value="([^"]*)"', page)
    assert found, page
    return unescape(found[1])


def beside(server: Running, what: str) -> Any:
    """What `many.py` says, run on the same database."""
    ran = subprocess.run(
        [sys.executable, str(MANY), what], env=server.environment, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])
