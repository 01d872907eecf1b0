"""One user's pages: edit, another address, deactivate and restore, delete for good."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from valija.accounts.models import Account, User
from valija.licensing import operations as licensing
from valija.mail.models import Letter
from valija.mail.rendering import render

pytestmark = [pytest.mark.database, pytest.mark.django_db]

BOB = {
    "first_name": "Bob", "last_name": "Castellanos", "mobile": "", "sms_country": "", "language": "en",
    "time_zone": "Europe/Madrid", "date_format": "d/m/Y", "role": "user",
}  # fmt: skip


@pytest.fixture
def browser(alice: User, signed_in: Callable[..., Client]) -> Client:
    """Alice, who reads English here."""
    User.objects.filter(pk=alice.pk).update(language="en")
    alice.refresh_from_db()
    return signed_in(alice)


def page(answer: Any) -> str:
    """The words of a page, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_every_field_is_saved(browser: Client, bob: User) -> None:
    html = browser.get(f"/users/{bob.pk}").content.decode()
    for name in BOB:
        assert f'name="{name}"' in html
    answer = browser.post(
        f"/users/{bob.pk}/change", {**BOB, "first_name": "Robert", "role": "billing", "language": "fr"}, follow=True
    )  # fmt: skip
    assert "The details of Robert Castellanos are saved." in page(answer)
    bob.refresh_from_db()
    assert (bob.first_name, bob.role, bob.language) == ("Robert", "billing", "fr")


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"first_name": " "}, 422, "Please enter a first name."),
        ({"mobile": "12"}, 422, "is not a mobile number"),
        ({"role": "provider"}, 422, "cannot be chosen"),
    ],
)
def test_what_was_typed_stays(
    wrong: dict[str, str], status: int, words: str, browser: Client, bob: User
) -> None:
    answer = browser.post(f"/users/{bob.pk}/change", {**BOB, "last_name": "Typed", **wrong})
    assert answer.status_code == status
    html = answer.content.decode()
    assert words in html
    assert 'value="Typed"' in html
    bob.refresh_from_db()
    assert bob.last_name == "Castellanos"


def test_the_last_administrator_is_told_at_the_role(browser: Client, alice: User) -> None:
    answer = browser.post(f"/users/{alice.pk}/change", {**BOB, "role": "user"})
    assert answer.status_code == 409
    assert "Alice Romero is the last active administrator" in page(answer)
    assert 'aria-invalid="true"' in answer.content.decode()


def test_an_address_is_changed_from_its_mailbox(browser: Client, bob: User, client: Client) -> None:
    answer = browser.post(f"/users/{bob.pk}/address", {"email": "robert@aurora.example"}, follow=True)
    assert "We have sent a link to robert@aurora.example." in page(answer)
    assert "robert@aurora.example waits to be confirmed" in page(answer)
    link = render(Letter.objects.get(kind="address_to_confirm")).links[0]
    path = link.partition("localhost:8000")[2]
    token = path.partition("token=")[2]
    english = {"Accept-Language": "en"}
    assert "Is this your address?" in page(client.get(path, headers=english))
    bob.refresh_from_db()
    assert bob.email == "bob@aurora.example"  # opening the link confirms nothing
    answer = client.post("/address/confirmed", {"token": token}, headers=english)
    assert "From now on you sign in with robert@aurora.example." in page(answer)
    assert "Your address is confirmed" in page(client.get(path, headers=english))
    assert client.get("/address/confirm?token=nonsense").status_code == 409
    assert client.post("/address/confirmed", {"token": "%00"}).status_code == 409


def test_an_address_that_cannot_be_used_is_told(browser: Client, bob: User) -> None:
    answer = browser.post(f"/users/{bob.pk}/address", {"email": "bob@borealis.example"})
    assert answer.status_code == 409
    assert "The domain borealis.example is not approved" in page(answer)
    assert 'value="bob@borealis.example"' in answer.content.decode()
    browser.post(f"/users/{bob.pk}/address", {"email": "robert@aurora.example"})
    answer = browser.post(f"/users/{bob.pk}/address/cancel", follow=True)
    assert "The address stays bob@aurora.example." in page(answer)


def test_deactivated_and_restored(
    browser: Client, aurora: Account, alice: User, bob: User, buy: Any, plan: Any
) -> None:
    buy(aurora, "pro", 1)
    licensing.assign_license(aurora, plan("pro"), bob, by=alice.as_actor())
    assert "the Pro license becomes available again" in page(browser.get(f"/users/{bob.pk}"))
    answer = browser.post(f"/users/{bob.pk}/deactivate", follow=True)
    assert "Bob Castellanos is deactivated." in page(answer)
    answer = browser.post(f"/users/{bob.pk}/restore", follow=True)
    assert "Bob Castellanos can sign in again." in page(answer)


def test_deleting_tells_before_what_goes_and_what_stays(browser: Client, aurora: Account, bob: User) -> None:
    words = page(browser.get(f"/users/{bob.pk}/deletion"))
    assert "What goes" in words
    assert "What stays" in words
    assert "with the name and the address as they were" in words
    answer = browser.post(f"/users/{bob.pk}/delete", {})
    assert answer.status_code == 422
    assert aurora.users.filter(pk=bob.pk).exists()
    answer = browser.post(f"/users/{bob.pk}/delete", {"agreed": "on"}, follow=True)
    assert answer.redirect_chain == [("/users", 302)]
    assert "Bob Castellanos was deleted for good." in page(answer)
    assert "bob@aurora.example" not in answer.content.decode()
    assert browser.get(f"/users/{bob.pk}").status_code == 404


def test_nobody_removes_himself(browser: Client, alice: User) -> None:
    assert "You cannot deactivate or delete yourself." in page(browser.get(f"/users/{alice.pk}"))
    assert browser.post(f"/users/{alice.pk}/deactivate").status_code == 409
    assert browser.post(f"/users/{alice.pk}/delete", {"agreed": "on"}).status_code == 409


ACTS = ("change", "address", "address/cancel", "deactivate", "restore", "delete")


def test_somebody_of_another_account_is_not_there(browser: Client, mallory: User) -> None:
    assert browser.get(f"/users/{mallory.pk}").status_code == 404
    assert browser.get(f"/users/{mallory.pk}/deletion").status_code == 404
    for act in ACTS:
        sent = {**BOB, "email": "x@aurora.example", "agreed": "on"}
        assert browser.post(f"/users/{mallory.pk}/{act}", sent).status_code == 404


def test_who_may_not_do_it(bob: User, carol: User, dave: User, signed_in: Callable[..., Client]) -> None:
    for somebody in (bob, carol):
        stranger = signed_in(somebody)
        assert stranger.get(f"/users/{dave.pk}").status_code == 403
        assert stranger.get(f"/users/{dave.pk}/deletion").status_code == 403
        for act in ACTS:
            assert stranger.post(f"/users/{dave.pk}/{act}", {**BOB, "agreed": "on"}).status_code == 403
