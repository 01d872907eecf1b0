"""My account: what a person says of himself, his devices, his sessions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext, override

from valija.accounts import operations as accounts
from valija.accounts.models import Session, User
from valija.core.actor import Actor
from valija.core.errors import NotPermitted
from valija.journal.models import Entry
from valija.licensing import operations as licensing
from valija.licensing.models import Activation, License
from valija.mail import operations as mail

pytestmark = [pytest.mark.database, pytest.mark.django_db]

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
DETAILS = {
    "first_name": "Bob",
    "last_name": "Castellanos",
    "mobile": "",
    "language": "en",
    "time_zone": "Europe/Madrid",
    "date_format": "d/m/Y",
    "sms_country": "",
}

SignedIn = Callable[..., Client]


def entered(user: User, browser: Client) -> Session:
    """The session row of a browser that signed in through the front door."""
    browser.post("/sign-in/request", {"email": user.email})
    letter = next(each for each in reversed(list(mail.outbox(to=user.email))) if each["letter"] == "sign_in")
    token = letter["links"][0].partition("token=")[2]
    before = set(Session.objects.values_list("pk", flat=True))
    assert browser.post("/sign-in/link", {"token": token}).status_code == 302
    row: Session = Session.objects.exclude(pk__in=before).get()
    return row


@pytest.fixture
def activated(cast: Any, buy: Any, plan: Any, bob: User, alice: User) -> Activation:
    """Bob's license, at work on his laptop."""
    buy(cast.aurora, "pro", 1)
    licensing.assign_license(cast.aurora, plan("pro"), bob, by=alice.as_actor())
    letter = next(each for each in mail.outbox(to=bob.email) if each["letter"] == "license_assigned")
    code = letter["links"][0].partition("#")[2]
    licensing.activate_license(code, "Bob's laptop", by=Actor(kind="anyone", label=""))
    return Activation.objects.get()


def test_everything_is_saved_together_and_the_language_is_used_at_once(
    signed_in: SignedIn, bob: User
) -> None:
    browser = signed_in(bob)
    changes = {
        "language": "fr",
        "time_zone": "America/Toronto",
        "mobile": "600 123 456",
        "date_format": "Y-m-d",
    }
    answer = browser.post("/account/details", {**DETAILS, **changes}, follow=True)
    page = answer.content.decode()
    assert '<html lang="fr"' in page
    with override("fr"):
        assert gettext("Your details are saved.") in page
    bob.refresh_from_db()
    assert (bob.language, bob.time_zone, bob.mobile) == ("fr", "America/Toronto", "+34600123456")
    entry = Entry.objects.get(event="user.changed")
    assert {"list"} == set(entry.data["fields"])


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"first_name": " "}, "first_name"),
        ({"mobile": "12"}, "mobile"),
        ({"language": "de"}, ""),
        ({"time_zone": "Mars/Olympus"}, ""),
        ({"date_format": "<b>"}, ""),
        ({"sms_country": "QQ"}, ""),
    ],
)
def test_what_cannot_be_saved_is_told_and_nothing_is(
    signed_in: SignedIn, bob: User, typed: dict[str, str], field: str
) -> None:
    answer = signed_in(bob).post("/account/details", {**DETAILS, "last_name": "Changed", **typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Changed"' in page
    if field:
        assert f'id="{field}_error"' in page
    assert User.objects.get(pk=bob.pk).last_name == "Castellanos"
    assert not Entry.objects.filter(event="user.changed").exists()


def test_the_account_page_is_ones_own(alice: User, bob: User) -> None:
    with pytest.raises(NotPermitted):
        accounts.change_own_details(bob, by=alice.as_actor(), first_name="Robert")


def test_the_page_tells_plan_expiry_and_devices(
    signed_in: SignedIn, activated: Activation, bob: User
) -> None:
    page = signed_in(bob).get("/account").content.decode()
    license = License.objects.get(holder=bob)
    assert str(license.pk) in page
    assert license.expires_at.strftime("%d/%m/%Y") in page
    assert "Bob&#x27;s laptop" in page
    assert "1 of 3 devices" in page


def test_a_person_lets_go_of_his_device_but_not_of_anothers(
    signed_in: SignedIn, activated: Activation, bob: User, dave: User
) -> None:
    assert signed_in(dave).post(f"/account/devices/{activated.pk}/end").status_code == 404
    assert signed_in(bob).post(f"/account/devices/{activated.pk}/end").status_code == 302
    activated.refresh_from_db()
    assert activated.ended_at is not None
    assert Entry.objects.filter(event="license.deactivated", subject_id=str(bob.pk)).exists()


def test_a_session_is_ended_and_its_browser_has_to_sign_in_again(bob: User) -> None:
    laptop, phone = Client(), Client(headers={"User-Agent": SAFARI})
    entered(bob, laptop)
    row = entered(bob, phone)
    page = laptop.get("/account").content.decode()
    assert "Safari 18 on iPhone" in page
    assert page.count("badge--ok") == 1
    assert laptop.post(f"/account/sessions/{row.pk}/end").status_code == 302
    assert phone.get("/account")["Location"].startswith("/sign-in")
    assert laptop.get("/account").status_code == 200
    assert Entry.objects.get(event="session.ended").data["browser"] == "Safari 18, iPhone"


def test_all_other_sessions_are_ended_at_once(bob: User) -> None:
    browsers = [Client(), Client(), Client()]
    for browser in browsers:
        entered(bob, browser)
    browsers[0].post("/account/sessions/end-others")
    assert [browser.get("/account").status_code for browser in browsers] == [200, 302, 302]


def test_nobody_ends_anothers_session(bob: User, alice: User) -> None:
    bobs, alices = Client(), Client()
    entered(bob, bobs)
    row = entered(alice, alices)
    assert bobs.post(f"/account/sessions/{row.pk}/end").status_code == 404
    with pytest.raises(NotPermitted):
        accounts.end_session(row, by=bob.as_actor())
    assert alices.get("/account").status_code == 200


@pytest.mark.parametrize(
    ("who", "leads_to"),
    [("alice", "/licenses"), ("carol", "/licenses"), ("bob", "/account"), ("oscar", "/provider")],
)
def test_home_is_the_page_that_the_role_needs_most(
    signed_in: SignedIn, cast: Any, who: str, leads_to: str
) -> None:
    assert signed_in(getattr(cast, who)).get("/")["Location"] == leads_to


def test_a_stranger_chooses_a_language_and_it_stays(client: Client, cast: Any) -> None:
    answer = client.post("/language", {"language": "fr", "next": "/sign-in?next=/users"}, follow=True)
    assert '<html lang="fr"' in answer.content.decode()
    assert '<html lang="fr"' in client.get("/sign-in").content.decode()


@pytest.mark.parametrize("typed", ["de", "", "<script>"])
def test_a_language_we_do_not_speak_changes_nothing(signed_in: SignedIn, bob: User, typed: str) -> None:
    assert signed_in(bob).post("/language", {"language": typed}).status_code == 302
    assert User.objects.get(pk=bob.pk).language == "en"


def test_the_choice_of_appearance_follows_the_person(signed_in: SignedIn, bob: User) -> None:
    browser = signed_in(bob)
    assert browser.post("/theme", {"theme": "dark", "next": "https://elsewhere.example"})["Location"] == "/"
    assert 'data-bs-theme="dark"' in signed_in(bob).get("/account").content.decode()


def test_the_small_forms_lead_back_to_the_page_that_is_seen(signed_in: SignedIn, bob: User) -> None:
    answer = signed_in(bob).post(
        "/account/details",
        {**DETAILS, "first_name": ""},
        headers={"Referer": "http://testserver/account", "Host": "testserver"},
    )
    assert '<input type="hidden" name="next" value="/account">' in answer.content.decode()


@pytest.mark.parametrize("devices", [0, 3])
def test_the_page_costs_the_same_however_much_there_is(
    signed_in: SignedIn, activated: Activation, bob: User, devices: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(devices):
        Activation.objects.create(
            account=bob.account,
            license=activated.license,
            user=bob,
            device=f"Device {number}",
            token_digest=str(number),
        )
        entered(bob, Client())
    browser = signed_in(bob)
    browser.get("/account")
    with django_assert_max_num_queries(9):
        browser.get("/account")
