"""Claiming, proving, approving, refusing, losing and removing domains."""

import re

import pytest
from django.db import connection

from tests.dns_server import DnsServer
from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import NotPermitted
from valija.domains import dns as lookups
from valija.domains import operations as domains
from valija.domains.dns import LABEL, Result
from valija.domains.models import Domain
from valija.journal.models import Entry
from valija.mail.models import Letter
from valija.mail.rendering import render
from valija.server.demo import Cast

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def admin(alice: User) -> Actor:
    return alice.as_actor()


@pytest.fixture
def provider(oscar: User) -> Actor:
    return oscar.as_actor()


@pytest.fixture
def norte(aurora: Account, admin: Actor) -> Domain:
    """A domain that waits."""
    return domains.claim_domain(aurora, "aurora-norte.example", by=admin)


def again(domain: Domain, **values: object) -> Domain:
    """The domain as it is in the database; other values put there first."""
    if values:
        Domain.objects.filter(pk=domain.pk).update(**values)
    return Domain.objects.get(pk=domain.pk)


def events(domain: Domain) -> list[str]:
    entries = Entry.objects.filter(object_kind="domain", object_id=str(domain.pk)).order_by("id")
    return [entry.event for entry in entries]


def letters(to: str) -> list[str]:
    return [letter.kind for letter in Letter.objects.filter(to=to).order_by("id")]


def due_now(domain: Domain) -> None:
    again(domain, check_due_at=clock.now(), checked_at=None)


# Entering


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Clinic.Example", "clinic.example"),
        (" @clinic.example. ", "clinic.example"),
        ("ana@clinic.example", "clinic.example"),
        ("https://clinic.example/contact", "clinic.example"),
        ("clínica.example", "xn--clnica-4va.example"),
        ("CLÍNICA。example", "xn--clnica-4va.example"),
        ("xn--clnica-4va.example", "xn--clnica-4va.example"),
    ],
)
def test_a_domain_is_entered_as_people_write_it(
    typed: str, stored: str, aurora: Account, admin: Actor
) -> None:
    domain = domains.claim_domain(aurora, typed, by=admin)
    assert (domain.name, domain.state) == (stored, "waiting")
    assert re.fullmatch(r"valija-domain-proof=[\w-]{43}", domain.proof)
    assert domain.record_name == f"{LABEL}.{stored}"
    assert events(domain) == ["domain.claimed"]


@pytest.mark.parametrize(
    "typed",
    ["", " ", ".", "clinic", "a b.example", "-a.example", "a..example", "a_b.example", "1.2.3.4", "x\0.example",
     "a." * 127, "x" * 64 + ".example", "a." * 125 + "ex", "é" * 100_000 + ".example", "<script>.example", "a.example:80"],
)  # fmt: skip
def test_what_is_no_domain(typed: str, aurora: Account, admin: Actor) -> None:
    with pytest.raises(domains.DomainNotValid):
        domains.claim_domain(aurora, typed, by=admin)


def test_entered_twice_it_is_one_claim(norte: Domain, aurora: Account, admin: Actor) -> None:
    assert domains.claim_domain(aurora, norte.name, by=admin).pk == norte.pk
    assert events(norte) == ["domain.claimed"]


@pytest.mark.parametrize("name", ["mailinator.com", "deep.below.mailinator.com"])
def test_throw_away_domains_and_those_below(name: str, aurora: Account, admin: Actor) -> None:
    with pytest.raises(domains.ThrowAwayDomain):
        domains.claim_domain(aurora, name, by=admin)
    with pytest.raises(domains.ThrowAwayDomain):
        domains.require_usable(aurora, f"ana@{name}")


def test_public_mail_services_belong_to_nobody(aurora: Account, admin: Actor) -> None:
    with pytest.raises(domains.PublicDomain):
        domains.claim_domain(aurora, "gmail.com", by=admin)
    domains.require_usable(aurora, "ana@gmail.com")


def test_a_limit_to_what_waits(aurora: Account, admin: Actor) -> None:
    Domain.objects.bulk_create(
        Domain(account=aurora, name=f"d{n}.example") for n in range(domains.WAITING_AT_ONCE)
    )
    with pytest.raises(domains.TooManyDomainsWaiting):
        domains.claim_domain(aurora, "one-more.example", by=admin)


def test_who_may_do_what(
    norte: Domain, aurora: Account, bob: User, carol: User, mallory: User, alice: User
) -> None:
    for user in (bob, carol, mallory):
        with pytest.raises(NotPermitted):
            domains.claim_domain(aurora, "other.example", by=user.as_actor())
        with pytest.raises(NotPermitted):
            domains.check_domain(norte, by=user.as_actor())
        with pytest.raises(NotPermitted):
            domains.remove_domain(norte, by=user.as_actor())
    for user in (alice, bob, mallory):
        with pytest.raises(NotPermitted):
            domains.approve_domain(norte, by=user.as_actor())
        with pytest.raises(NotPermitted):
            domains.refuse_domain(norte, "no", by=user.as_actor())
        with pytest.raises(NotPermitted):
            domains.open_account(
                "X", country="ES", admin_email="x@x.example", admin_first_name="X", by=user.as_actor()
            )
    assert again(norte).state == "waiting"


# The provider's word


def test_the_provider_approves(norte: Domain, aurora: Account, provider: Actor) -> None:
    with pytest.raises(domains.DomainNotApproved):
        domains.require_usable(aurora, "ana@aurora-norte.example")
    domains.approve_domain(norte, by=provider)
    domains.approve_domain(norte, by=provider)
    assert again(norte).state == "approved"
    assert events(norte) == ["domain.claimed", "domain.approved"]
    assert letters("alice@aurora.example") == ["domain_proved"]
    domains.require_usable(aurora, "ana@aurora-norte.example")


def test_approving_is_exact(aurora: Account) -> None:
    for address in ("ana@x.aurora.example", "ana@xaurora.example", "ana@aurora.example.org", "ana@example"):
        with pytest.raises(domains.DomainNotApproved):
            domains.require_usable(aurora, address)


def test_the_provider_refuses_with_a_reason(
    norte: Domain, aurora: Account, provider: Actor, admin: Actor
) -> None:
    with pytest.raises(domains.ReasonMissing):
        domains.refuse_domain(norte, " \n", by=provider)
    domains.refuse_domain(norte, "Whose is it? 100 % sure", by=provider)
    assert again(norte).state == "refused"
    letter = Letter.objects.get(kind="domain_refused", to="alice@aurora.example")
    assert "Whose is it? 100 % sure" in render(letter).text
    with pytest.raises(domains.DomainRefused):
        domains.check_domain(norte, by=admin)
    domains.claim_domain(aurora, norte.name, by=admin)
    assert again(norte).state == "waiting"
    assert again(norte).refusal_reason == ""


def test_what_is_approved_is_not_refused(norte: Domain, provider: Actor) -> None:
    domains.approve_domain(norte, by=provider)
    with pytest.raises(domains.DomainIsApproved):
        domains.refuse_domain(norte, "too late", by=provider)


# Proof by DNS


def test_a_record_proves_a_domain(norte: Domain, aurora: Account, admin: Actor, dns: DnsServer) -> None:
    dns.publish(norte.name, "v=spf1 -all", norte.proof)
    checked = domains.check_domain(norte, by=admin)
    assert (checked.state, checked.check_result) == ("proved", "found")
    assert again(norte).state == "proved"
    assert events(norte) == ["domain.claimed", "domain.proved"]
    assert letters("alice@aurora.example") == ["domain_proved"]
    domains.require_usable(aurora, "ana@aurora-norte.example")


def test_the_record_of_another_account_proves_nothing(
    norte: Domain, borealis: Account, mallory: User, dns: DnsServer
) -> None:
    theirs = domains.claim_domain(borealis, norte.name, by=mallory.as_actor())
    dns.publish(norte.name, norte.proof)
    assert domains.check_domain(theirs, by=mallory.as_actor()).state == "waiting"


@pytest.mark.parametrize(
    ("manner", "result"), [("empty", "missing"), ("failing", "no_answer"), ("garbage", "no_answer")]
)
def test_what_a_look_up_leaves(manner: str, result: str, norte: Domain, admin: Actor, dns: DnsServer) -> None:
    getattr(dns, manner).add(norte.record_name)
    assert domains.check_domain(norte, by=admin).check_result == result
    assert again(norte).state == "waiting"


def test_not_twice_within_a_moment(norte: Domain, admin: Actor, dns: DnsServer) -> None:
    domains.check_domain(norte, by=admin)
    with pytest.raises(domains.CheckedJustNow):
        domains.check_domain(norte, by=admin)
    assert len(dns.asked) == 1
    again(norte, checked_at=clock.now() - domains.BETWEEN_CHECKS)
    domains.check_domain(norte, by=admin)
    assert len(dns.asked) == 2


def test_the_record_of_an_approved_domain_is_noted(
    norte: Domain, admin: Actor, provider: Actor, dns: DnsServer
) -> None:
    domains.approve_domain(norte, by=provider)
    dns.publish(norte.name, norte.proof)
    assert domains.check_domain(norte, by=admin).state == "proved"


@pytest.mark.django_db(transaction=True)
def test_nothing_is_held_while_dns_is_asked(cast: Cast, dns: DnsServer) -> None:
    by = cast.alice.as_actor()
    norte = domains.claim_domain(cast.aurora, "aurora-norte.example", by=by)
    inside: list[bool] = []
    original = lookups.look_up

    def look_up(name: str, proof: str) -> Result:
        inside.append(connection.in_atomic_block)
        return original(name, proof)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookups, "look_up", look_up)
        domains.check_domain(norte, by=by)
    assert inside == [False]
