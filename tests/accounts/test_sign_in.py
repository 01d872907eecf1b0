"""Signing in by e-mail: a link and a code, each once, and no stranger learns who has an account."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from django.test import Client

from tests import databases
from tests.server.running import free_port, running, until
from valija.accounts import operations as accounts
from valija.accounts.models import Session, SignIn, User
from valija.accounts.sessions import stored_key
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import TooManyAttempts
from valija.journal.models import Entry
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db]

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


def ask(browser: Client, email: str, **more: str) -> Any:
    return browser.post("/sign-in/request", {"email": email, **more}, follow=True)


def letter_to(email: str) -> str:
    return render(Letter.objects.filter(to=email).latest("id")).text


def code_of(text: str) -> str:
    found = re.search(r"^\s*(\d{3} ?\d{3})\s*$", text, re.MULTILINE)
    assert found, text
    return found[1]


def token_of(text: str) -> str:
    found = re.search(r"/sign-in/link\?token=([\w-]+)", text)
    assert found, text
    return found[1]


def somebody(address: str = "203.0.113.7") -> Actor:
    return Actor(kind="anyone", label="", address=address)


def test_the_link_shows_a_button_and_the_button_signs_in(client: Client, alice: User) -> None:
    ask(client, alice.email)
    token = token_of(letter_to(alice.email))
    for _scanner in range(3):  # mail scanners open every link
        assert client.get(f"/sign-in/link?token={token}").status_code == 200
    assert "_auth_user_id" not in client.session
    answer = client.post("/sign-in/link", {"token": token})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/account").status_code == 200


def test_the_code_works_in_another_browser_which_asks_for_the_address(client: Client, bob: User) -> None:
    ask(client, bob.email)
    other = Client(headers={"User-Agent": FIREFOX})
    assert 'name="email"' in other.get("/sign-in/code").content.decode()
    code = code_of(letter_to(bob.email))
    answer = other.post("/sign-in/code", {"email": bob.email.upper(), "code": f"{code[:3]} {code[3:]}"})
    assert answer.status_code == 302
    session = Session.objects.get(user=bob)
    assert (session.address, session.browser) == ("127.0.0.1", FIREFOX)


@pytest.mark.parametrize("way", ["link", "code"])
def test_each_works_once(client: Client, alice: User, way: str) -> None:
    ask(client, alice.email)
    text = letter_to(alice.email)
    typed = {
        "link": {"token": token_of(text)},
        "code": {"email": alice.email, "code": code_of(text)},
    }
    assert client.post(f"/sign-in/{way}", typed[way]).status_code == 302
    for used in ("link", "code"):  # they are one sign-in: using one uses up the other
        assert Client().post(f"/sign-in/{used}", typed[used]).status_code in (409, 422)


def test_after_ten_minutes_a_new_link_is_offered(client: Client, alice: User) -> None:
    ask(client, alice.email)
    token, code = token_of(letter_to(alice.email)), code_of(letter_to(alice.email))
    SignIn.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    answer = client.post("/sign-in/link", {"token": token}, headers={"Accept-Language": "en"})
    assert answer.status_code == 409
    assert 'href="/sign-in"' in answer.content.decode()
    assert "Ask for a new link" in answer.content.decode()
    assert client.post("/sign-in/code", {"email": alice.email, "code": code}).status_code == 422


def test_answers_are_alike_for_known_and_unknown_addresses(alice: User) -> None:
    def answers(email: str) -> list[tuple[int, str]]:
        browser, found = Client(headers={"Accept-Language": "en"}), []
        for answer in (
            ask(browser, email),
            ask(browser, email),
            browser.post("/sign-in/code", {"email": email, "code": "000000"}),
        ):
            text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
            found.append((answer.status_code, text.replace(email, "ADDRESS")))
        return found

    assert answers(alice.email) == answers("nobody@aurora.example")
    assert not Letter.objects.filter(to="nobody@aurora.example").exists()


def test_five_wrong_codes_and_the_right_one_no_longer_works(client: Client, alice: User) -> None:
    ask(client, alice.email)
    right = code_of(letter_to(alice.email))
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _attempt in range(accounts.ATTEMPTS_PER_CODE):
        answer = client.post("/sign-in/code", {"email": alice.email, "code": wrong})
        assert answer.status_code == 422
        assert alice.email in answer.content.decode()
    assert client.post("/sign-in/code", {"email": alice.email, "code": right}).status_code == 422
    assert Entry.objects.filter(event="sign_in.refused").count() == accounts.ATTEMPTS_PER_CODE + 1
    # Whoever holds the e-mail is not locked out by a stranger who guesses.
    assert client.post("/sign-in/link", {"token": token_of(letter_to(alice.email))}).status_code == 302


def test_an_address_is_not_flooded_with_letters(client: Client, alice: User) -> None:
    for _time in range(accounts.REQUESTS_PER_EMAIL):
        assert ask(client, alice.email).status_code == 200
    answer = ask(client, alice.email)
    assert answer.status_code == 429
    assert alice.email in answer.content.decode()
    assert Letter.objects.filter(to=alice.email).count() == accounts.REQUESTS_PER_EMAIL


def test_one_place_cannot_ask_without_end(alice: User) -> None:
    for number in range(accounts.REQUESTS_PER_ADDRESS):
        accounts.request_sign_in(f"person{number}@aurora.example", by=somebody())
    with pytest.raises(TooManyAttempts):
        accounts.request_sign_in(alice.email, by=somebody())
    accounts.request_sign_in(alice.email, by=somebody("203.0.113.8"))


def test_signing_in_changes_the_key_of_the_session(client: Client, alice: User) -> None:
    ask(client, alice.email)
    before = client.cookies["session"].value
    client.post("/sign-in/link", {"token": token_of(letter_to(alice.email))})
    after = client.cookies["session"].value
    assert before != after
    assert not Session.objects.filter(pk=stored_key(before)).exists()
    assert Session.objects.get(pk=stored_key(after)).user == alice
    assert not Session.objects.filter(pk=after).exists()  # what the browser carries is stored nowhere


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/journal?q=pro", "/journal?q=pro"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_afterwards_the_page_that_was_asked_for(
    client: Client, alice: User, target: str, leads_to: str
) -> None:
    ask(client, alice.email, next=target)
    answer = client.post("/sign-in/link", {"token": token_of(letter_to(alice.email))})
    assert answer["Location"] == leads_to


@pytest.mark.parametrize(
    "typed", ["", "alice", "alice@", "a b@aurora.example", "x" * 300 + "@aurora.example", "\x00@a.example"]
)
def test_what_is_no_address_is_told_and_kept(client: Client, cast: Any, typed: str) -> None:
    answer = ask(client, typed)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()


def test_a_deactivated_person_gets_no_letter_and_an_old_link_no_longer_works(
    client: Client, bob: User
) -> None:
    ask(client, bob.email)
    token = token_of(letter_to(bob.email))
    User.objects.filter(pk=bob.pk).update(deactivated_at=clock.now())
    assert client.post("/sign-in/link", {"token": token}).status_code == 409
    ask(client, bob.email)
    assert Letter.objects.filter(to=bob.email).count() == 1


def test_the_journal_tells_of_coming_and_going(client: Client, alice: User) -> None:
    ask(client, alice.email)
    client.post("/sign-in/link", {"token": token_of(letter_to(alice.email))})
    key = client.cookies["session"].value
    assert client.post("/sign-out").status_code == 302
    assert not Session.objects.filter(pk=stored_key(key)).exists()
    told = list(Entry.objects.concerning(alice.pk).order_by("id").values_list("event", flat=True))
    assert told[-3:] == ["sign_in.requested", "sign_in.done", "sign_in.ended"]
    assert client.get("/account")["Location"] == "/sign-in?next=/account"


def test_no_subject_names_the_code(client: Client, alice: User) -> None:
    ask(client, alice.email)
    letter = render(Letter.objects.get(to=alice.email))
    assert code_of(letter.text) not in letter.subject


class Inbox:
    """A mail server that keeps what it is given, and when."""

    def __init__(self) -> None:
        self.received: list[tuple[float, Message]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.received.append((time.monotonic(), message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    inbox, port = Inbox(), free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield inbox, port
    controller.stop()


@pytest.mark.server
def test_the_letter_leaves_within_two_seconds(tmp_path: Path, inbox: tuple[Inbox, int]) -> None:
    box, port = inbox
    with (
        databases.fresh() as url,
        running(
            tmp_path / "home", "--demo", database_url=url, VALIJA_SMTP_URL=f"smtp://127.0.0.1:{port}"
        ) as server,
        httpx.Client(base_url=server.url, follow_redirects=True) as browser,
    ):
        took = []
        for number in range(3):
            page = browser.get("/sign-in").text
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
            assert token
            asked = time.monotonic()
            form = {"email": "alice@aurora.example", "csrfmiddlewaretoken": token[1]}
            assert browser.post("/sign-in/request", data=form).status_code == 200
            until(lambda number=number: len(box.received) > number, 5)  # type: ignore[misc]
            took.append(box.received[number][0] - asked)
        print("seconds from asking to the mail server:", [round(seconds, 2) for seconds in took])
        assert max(took) < 2
        message = box.received[-1][1]
        assert isinstance(message, EmailMessage)
        assert (message["To"], message["Content-Language"]) == ("alice@aurora.example", "es")
