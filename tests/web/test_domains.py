"""The pages of domains and the provider's console, as a browser sees them."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import dns_server
from tests.dns_server import DnsServer
from valija.accounts.models import Account, User
from valija.domains import operations as domains
from valija.domains.models import Domain
from valija.mail.models import Letter

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def dns(settings: Any) -> Iterator[DnsServer]:
    with dns_server.running() as server:
        settings.DNS_SERVER = server.address
        yield server


@pytest.fixture
def browser(alice: User, signed_in: Callable[..., Client]) -> Client:
    """Alice, who reads English here."""
    return _english(alice, signed_in)


@pytest.fixture
def console(oscar: User, signed_in: Callable[..., Client]) -> Client:
    """Oscar, who reads English here."""
    return _english(oscar, signed_in)


def _english(user: User, signed_in: Callable[..., Client]) -> Client:
    User.objects.filter(pk=user.pk).update(language="en")
    user.refresh_from_db()
    return signed_in(user)


def words(answer: Any) -> str:
    """The words of a page, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def claim(account: Account, name: str) -> Domain:
    user = account.users.administrators().first()
    assert user is not None
    return domains.claim_domain(account, name, by=user.as_actor())


# The account's domains


def test_an_approved_domain_says_by_whom(browser: Client) -> None:
    assert "aurora.example Approved by the provider" in words(browser.get("/domains"))


def test_no_domain_yet(browser: Client, aurora: Account) -> None:
    aurora.domains.all().delete()
    assert "No domain yet" in words(browser.get("/domains"))


def test_a_domain_is_entered_and_the_record_is_shown(browser: Client, aurora: Account) -> None:
    said = words(browser.post("/domains/claim", {"name": " Aurora-Norte.example "}, follow=True))
    domain = aurora.domains.get(name="aurora-norte.example")
    assert "aurora-norte.example is entered. Now publish the record shown below" in said
    assert "Waiting for the record" in said
    assert "_valija.aurora-norte.example" in said
    assert domain.proof in said
    assert "Not looked up yet." in said


def test_a_domain_with_letters_beyond_ascii_is_shown_both_ways(browser: Client) -> None:
    said = words(browser.post("/domains/claim", {"name": "clínica.example"}, follow=True))
    assert "clínica.example xn--clnica-4va.example Waiting" in said
    assert "_valija.xn--clnica-4va.example" in said


@pytest.mark.parametrize(
    ("typed", "status", "sentence"),
    [
        ("", 422, "This field is required."),
        ("clinic", 422, "“clinic” is not a domain."),
        ("<b>x</b>", 422, "is not a domain."),
        ("a..example", 422, "is not a domain."),
        ("127.0.0.1", 422, "is not a domain."),
        ("x" * 64 + ".example", 422, "is not a domain."),
        ("a." * 130 + "example", 422, "is not a domain."),
        ("gmail.com", 409, "gmail.com is a public mail service"),
        ("mailinator.com", 409, "mailinator.com hands out throw-away addresses"),
        ("borealis.example", 409, "Another account has proved that borealis.example is its own."),
    ],
)
def test_bad_input_stays_and_is_explained(typed: str, status: int, sentence: str, browser: Client) -> None:
    answer = browser.post("/domains/claim", {"name": typed})
    assert answer.status_code == status
    assert sentence in words(answer)
    assert (
        answer.content.decode().count('role="alert"') == 2
    )  # the summary, and the template of no connection
    if typed == "clinic":
        assert 'value="clinic"' in answer.content.decode()


def test_check_now(browser: Client, aurora: Account, dns: DnsServer) -> None:
    domain = claim(aurora, "aurora-norte.example")
    said = words(browser.post(f"/domains/{domain.pk}/check", follow=True))
    assert "The record of aurora-norte.example was not found yet." in said
    assert "record not found." in said
    answer = browser.post(f"/domains/{domain.pk}/check")
    assert answer.status_code == 429
    assert "was looked up a moment ago. Try again in" in words(answer)
    Domain.objects.update(checked_at=None)
    dns.publish(domain.name, domain.proof)
    said = words(browser.post(f"/domains/{domain.pk}/check", follow=True))
    assert "The record of aurora-norte.example was found" in said
    assert "Approved by DNS" in said


def test_servers_that_do_not_answer(browser: Client, aurora: Account, dns: DnsServer) -> None:
    domain = claim(aurora, "aurora-norte.example")
    dns.failing.add(domain.record_name)
    assert "did not answer, so nothing is known" in words(
        browser.post(f"/domains/{domain.pk}/check", follow=True)
    )


def test_a_lost_record_is_seen(browser: Client, aurora: Account, dns: DnsServer) -> None:
    domain = aurora.domains.get()
    dns.publish(domain.name, domain.proof)
    browser.post(f"/domains/{domain.pk}/check")
    dns.texts.clear()
    Domain.objects.update(checked_at=None)
    said = words(browser.post(f"/domains/{domain.pk}/check", follow=True))
    assert "The domain stays approved" in said
    assert "Approved, record missing" in said


def test_removing(browser: Client, aurora: Account) -> None:
    domain = claim(aurora, "aurora-norte.example")
    assert "aurora-norte.example was removed." in words(
        browser.post(f"/domains/{domain.pk}/remove", follow=True)
    )
    used = aurora.domains.get()
    answer = browser.post(f"/domains/{used.pk}/remove")
    assert answer.status_code == 409
    assert "has an address of aurora.example" in words(answer)


def test_a_refused_domain_can_be_entered_again(browser: Client, aurora: Account, oscar: User) -> None:
    domain = claim(aurora, "aurora-norte.example")
    domains.refuse_domain(domain, "Whose is it?", by=oscar.as_actor())
    said = words(browser.get("/domains"))
    assert "Refused Whose is it?" in said
    assert "Enter it again" in said
    browser.post("/domains/claim", {"name": domain.name})
    assert aurora.domains.get(pk=domain.pk).state == "waiting"


def test_domains_of_others_do_not_exist_here(browser: Client, borealis: Account) -> None:
    theirs = borealis.domains.get()
    for act in ("check", "remove"):
        assert browser.post(f"/domains/{theirs.pk}/{act}").status_code == 404
    assert "borealis" not in words(browser.get("/domains")).lower()


def test_who_may_not_see_domains(
    bob: User, carol: User, oscar: User, signed_in: Callable[..., Client], client: Client
) -> None:
    for user in (bob, carol, oscar):
        assert signed_in(user).get("/domains").status_code == 403
        assert signed_in(user).post("/domains/claim", {"name": "x.example"}).status_code == 403
    assert client.get("/domains").status_code == 302


def test_pages_of_domains(browser: Client, aurora: Account) -> None:
    Domain.objects.bulk_create(Domain(account=aurora, name=f"d{n:03}.example") for n in range(60))
    html = browser.get("/domains").content.decode()
    following = re.search(r'href="(\?after=[^"]+)"[^>]*rel="next"', html)
    assert following
    assert "d059.example" in browser.get(f"/domains{following[1]}").content.decode()


# The provider's console


def test_the_console_shows_accounts_with_their_numbers(console: Client, aurora: Account, buy: Any) -> None:
    buy(aurora, "pro", 3)
    said = words(console.get("/provider"))
    assert "Clínica Aurora ES, EUR 4 3 0" in said
    assert "Borealis CA-QC, CAD 1 0 0" in said
    assert "Letters waiting" in said
    assert "Standing still" in said
    assert "Clínica" not in words(console.get("/provider?q=boreal"))
    assert "No account matches" in words(console.get("/provider?q=zzz"))
    assert console.get("/provider?q=%00").status_code == 200


def test_the_provider_approves(console: Client, aurora: Account) -> None:
    domain = claim(aurora, "aurora-norte.example")
    assert "aurora-norte.example Clínica Aurora" in words(console.get("/provider"))
    said = words(console.post(f"/provider/domains/{domain.pk}/approve", follow=True))
    assert "aurora-norte.example is approved for Clínica Aurora." in said
    assert "No domain is waiting" in said


def test_the_provider_refuses_and_says_why(console: Client, aurora: Account) -> None:
    domain = claim(aurora, "aurora-norte.example")
    answer = console.post(f"/provider/domains/{domain.pk}/refuse", {"reason": "  "})
    assert answer.status_code == 422
    assert "Please say why" in words(answer)
    said = words(console.post(f"/provider/domains/{domain.pk}/refuse", {"reason": "No"}, follow=True))
    assert "aurora-norte.example is refused." in said
    assert Letter.objects.filter(kind="domain_refused", to="alice@aurora.example").count() == 1


NEW = {
    "name": "Norte, S. A.", "country": "ES", "region": "", "currency": "EUR", "language": "fr",
    "time_zone": "Europe/Madrid", "admin_first_name": "Nora", "admin_last_name": "Gil", "admin_email": "nora@norte.example",
}  # fmt: skip


def test_the_provider_opens_an_account(console: Client) -> None:
    said = words(console.post("/provider/accounts/open", NEW, follow=True))
    assert "Norte, S. A. is open. We have written to nora@norte.example." in said
    account = Account.objects.get(name="Norte, S. A.")
    nora = account.users.get()
    assert (nora.role, nora.language, account.currency) == ("administrator", "fr", "EUR")
    assert account.domains.get().state == "waiting"
    letter = Letter.objects.get(to="nora@norte.example")
    assert (letter.kind, letter.language) == ("welcome", "fr")


@pytest.mark.parametrize(
    ("wrong", "status", "sentence"),
    [
        ({"name": ""}, 422, "This field is required."),
        ({"country": "XX"}, 422, "Select a valid choice."),
        ({"currency": "XXX"}, 422, "Select a valid choice."),
        ({"region": "QC"}, 422, "Leave this empty"),
        ({"country": "CA"}, 422, "Enter one of these: AB, ON, QC."),
        ({"admin_first_name": " "}, 422, "This field is required."),
        ({"admin_email": "nora"}, 422, "is not an e-mail address"),
        ({"admin_email": "bob@aurora.example"}, 409, "Somebody already uses the address"),
        ({"admin_email": "nora@mailinator.com"}, 409, "throw-away"),
    ],
)
def test_bad_input_about_an_account(
    wrong: dict[str, str], status: int, sentence: str, console: Client
) -> None:
    before = Account.objects.count()
    answer = console.post("/provider/accounts/open", {**NEW, **wrong})
    assert answer.status_code == status
    assert sentence in words(answer)
    assert Account.objects.count() == before
    if "name" not in wrong:
        assert 'value="Norte, S. A."' in answer.content.decode()


def test_others_are_told_that_the_console_is_not_theirs(
    alice: User, bob: User, signed_in: Callable[..., Client], aurora: Account
) -> None:
    domain = claim(aurora, "aurora-norte.example")
    for user in (alice, bob):
        browser = signed_in(user)
        answer = browser.get("/provider")
        assert answer.status_code == 403
        assert 'href="/"' in answer.content.decode()
        assert browser.post(f"/provider/domains/{domain.pk}/approve").status_code == 403
        assert browser.post(f"/provider/domains/{domain.pk}/refuse", {"reason": "x"}).status_code == 403
        assert browser.post("/provider/accounts/open", NEW).status_code == 403
    assert aurora.domains.get(pk=domain.pk).state == "waiting"


def test_a_domain_that_is_gone(console: Client) -> None:
    assert console.post(f"/provider/domains/{uuid4()}/approve").status_code == 404


def test_the_number_of_queries_does_not_grow(console: Client, aurora: Account) -> None:
    numbers = []
    for more in (2, 100):
        start = Account.objects.count()
        Account.objects.bulk_create(
            Account(name=f"Business {n}", country="ES") for n in range(start, start + more)
        )
        Domain.objects.bulk_create(
            Domain(account=aurora, name=f"d{n}.example") for n in range(start, start + more)
        )
        console.get("/provider")
        with CaptureQueriesContext(connection) as queries:
            assert console.get("/provider").status_code == 200
        numbers.append(len(queries))
    assert len(set(numbers)) == 1
