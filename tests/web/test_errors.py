"""What is missing, forbidden or broken is said in words, with a way out, to whoever asks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from valija.accounts.models import User
from valija.web import home

pytestmark = [pytest.mark.database, pytest.mark.django_db]

SignedIn = Callable[..., Client]
ENGLISH = {"Accept-Language": "en"}


def test_a_missing_page(client: Client, signed_in: SignedIn, bob: User) -> None:
    for browser in (client, signed_in(bob)):
        answer = browser.get("/nothing-here", headers=ENGLISH)
        page = answer.content.decode()
        assert answer.status_code == 404
        assert "There is nothing at this address" in page
        assert 'href="/"' in page
    assert "Bob Castellanos" in page


@pytest.mark.parametrize(
    "path", ["/users", "/licenses", "/journal", "/domains", "/provider", "/tokens", "/purchases"]
)
def test_a_user_at_an_administrators_page_is_told_with_a_way_out(
    signed_in: SignedIn, bob: User, path: str
) -> None:
    answer = signed_in(bob).get(path)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "You may not see this page" in page
    assert "An administrator of your account" in page
    assert 'href="/account"' in page
    assert "You are signed in as Bob Castellanos." in page


def test_a_form_of_an_old_page(cast: Any) -> None:
    browser = Client(enforce_csrf_checks=True, headers=ENGLISH)
    answer = browser.post("/sign-in/request", {"email": "alice@aurora.example"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "The page was too old" in page
    assert "Nothing was done" in page


def test_a_failure_of_ours_shows_nothing_of_the_inside(
    signed_in: SignedIn, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_anything: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(home, "redirect", fail)
    browser = signed_in(bob)
    browser.raise_request_exception = False
    answer = browser.get("/")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "Something failed on our side" in page
    assert "secret" not in page
    assert "Traceback" not in page


def test_a_page_for_one_method_says_so(client: Client, cast: Any) -> None:
    assert client.get("/sign-out").status_code == 405


def test_every_page_forbids_what_it_does_not_need(client: Client, cast: Any) -> None:
    for path in ("/sign-in", "/nothing-here"):
        headers = client.get(path).headers
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
