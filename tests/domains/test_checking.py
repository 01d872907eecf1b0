"""Claiming, proving, approving, refusing, losing and removing domains."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from tests.dns_server import DnsServer
from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.domains import dns as lookups
from valija.domains import operations as domains
from valija.domains.dns import LABEL, Result
from valija.domains.models import Domain
from valija.domains.operations import checking
from valija.jobs.schedule import SCHEDULES
from valija.journal.models import Entry
from valija.licensing import operations as licensing
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


def test_removed_while_dns_is_asked(norte: Domain, admin: Actor, dns: DnsServer) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookups, "look_up", lambda *_: (Domain.objects.all().delete(), Result.FOUND)[1])
        with pytest.raises(domains.DomainGone):
            domains.check_domain(norte, by=admin)


# Two accounts


def test_who_proves_a_domain_has_it_and_the_other_is_told(
    norte: Domain, admin: Actor, borealis: Account, mallory: User, dns: DnsServer
) -> None:
    theirs = domains.claim_domain(borealis, norte.name, by=mallory.as_actor())
    dns.publish(norte.name, norte.proof)
    domains.check_domain(norte, by=admin)
    assert (again(norte).state, again(theirs).state) == ("proved", "taken")
    assert events(theirs) == ["domain.claimed", "domain.taken"]
    assert letters("mallory@borealis.example") == ["domain_taken"]
    # Not a word of who the other one is.
    told = render(Letter.objects.get(kind="domain_taken"))
    entry = Entry.objects.get(event="domain.taken")
    assert entry.account_id == borealis.pk
    for stranger in ("Aurora", "Alice", "alice"):
        assert stranger not in told.text.replace(norte.name, "")
        assert stranger not in f"{entry.actor_label} {entry.address} {entry.data}".replace(norte.name, "")
    with pytest.raises(domains.DomainTaken):
        domains.claim_domain(borealis, norte.name, by=mallory.as_actor())


def test_the_provider_cannot_give_a_domain_twice(
    norte: Domain, provider: Actor, borealis: Account, mallory: User
) -> None:
    theirs = domains.claim_domain(borealis, norte.name, by=mallory.as_actor())
    domains.approve_domain(norte, by=provider)
    with pytest.raises(domains.DomainTaken):
        domains.approve_domain(theirs, by=provider)
    assert again(theirs).approved_at is None


def test_a_claim_that_came_in_between_is_told_by_the_clock(
    norte: Domain, provider: Actor, borealis: Account, dns: DnsServer
) -> None:
    domains.approve_domain(norte, by=provider)
    late = Domain.objects.create(account=borealis, name=norte.name)
    domains.check_due.func()
    assert again(late).state == "taken"
    assert letters("mallory@borealis.example") == ["domain_taken"]


@pytest.mark.django_db(transaction=True)
def test_both_prove_it_at_once(cast: Cast, dns: DnsServer) -> None:
    ours = domains.claim_domain(cast.aurora, "shared.example", by=cast.alice.as_actor())
    theirs = domains.claim_domain(cast.borealis, "shared.example", by=cast.mallory.as_actor())
    dns.publish("shared.example", ours.proof, theirs.proof)
    start = Barrier(2)
    failed: list[Exception] = []

    def check(domain: Domain, by: Actor) -> None:
        start.wait()
        try:
            domains.check_domain(domain, by=by)
        except Refusal as refusal:  # the other had been told already
            if not isinstance(refusal, domains.DomainRefused):
                failed.append(refusal)
        except Exception as error:  # noqa: BLE001
            failed.append(error)
        finally:
            connection.close()

    threads = [
        Thread(target=check, args=(domain, user.as_actor()))
        for domain, user in ((ours, cast.alice), (theirs, cast.mallory))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted((again(ours).state, again(theirs).state)) == ["proved", "taken"]
    assert Letter.objects.filter(kind="domain_taken").count() == 1


# The clock


def test_the_clock_looks_every_minute() -> None:
    schedule = SCHEDULES["check domains"]
    assert schedule["task"] == "valija.domains.operations.checking.check_due"
    assert schedule["every"] == timedelta(minutes=1)


def test_the_clock_finds_the_record(norte: Domain, dns: DnsServer) -> None:
    assert domains.check_due.func() == {"missing": 1}
    assert domains.check_due.func() == {}
    dns.publish(norte.name, norte.proof)
    due_now(norte)
    assert domains.check_due.func() == {"found": 1}
    assert again(norte).state == "proved"
    entry = Entry.objects.get(event="domain.proved")
    assert (entry.actor_kind, entry.through) == ("clock", "clock")


@pytest.mark.parametrize(
    ("age", "rest"),
    [
        (timedelta(minutes=1), timedelta(minutes=2)),
        (timedelta(hours=2), timedelta(minutes=15)),
        (timedelta(days=2), timedelta(hours=1)),
        (timedelta(days=8), timedelta(hours=6)),
        (timedelta(days=40), timedelta(days=1)),
    ],
)
def test_it_looks_ever_more_rarely(age: timedelta, rest: timedelta, norte: Domain, dns: DnsServer) -> None:
    again(norte, claimed_at=clock.now() - age)
    domains.check_due.func()
    assert abs(again(norte).check_due_at - clock.now() - rest) < timedelta(seconds=10)


def test_proved_domains_daily_approved_and_refused_ones_never(
    norte: Domain, aurora: Account, admin: Actor, provider: Actor, dns: DnsServer
) -> None:
    refused = domains.claim_domain(aurora, "refused.example", by=admin)
    domains.refuse_domain(refused, "no", by=provider)
    dns.publish(norte.name, norte.proof)
    assert domains.check_due.func() == {"found": 1}
    assert abs(again(norte).check_due_at - clock.now() - timedelta(days=1)) < timedelta(seconds=10)
    again(norte, check_due_at=clock.now())
    dns.asked.clear()
    assert domains.check_due.func() == {"found": 1}
    assert [name for _protocol, name in dns.asked] == [norte.record_name]


def test_a_lost_record_is_reported_once_and_nothing_is_dropped(
    norte: Domain, aurora: Account, dns: DnsServer
) -> None:
    dns.publish(norte.name, norte.proof)
    domains.check_due.func()
    dns.texts.clear()
    for _ in range(2):
        due_now(norte)
        domains.check_due.func()
    assert again(norte).state == "lost"
    assert events(norte) == ["domain.claimed", "domain.proved", "domain.lost"]
    assert letters("alice@aurora.example") == ["domain_proved", "domain_lost"]
    assert norte.proof in render(Letter.objects.get(kind="domain_lost")).text
    domains.require_usable(aurora, "ana@aurora-norte.example")

    dns.publish(norte.name, norte.proof)
    due_now(norte)
    domains.check_due.func()
    assert again(norte).state == "proved"
    assert events(norte)[-1] == "domain.proved"
    assert letters("alice@aurora.example") == ["domain_proved", "domain_lost"]


@pytest.mark.parametrize("manner", ["failing", "silent"])
def test_silence_is_no_loss(manner: str, norte: Domain, dns: DnsServer) -> None:
    dns.publish(norte.name, norte.proof)
    domains.check_due.func()
    getattr(dns, manner).add(norte.record_name)
    due_now(norte)
    assert domains.check_due.func() == {"no_answer": 1}
    assert again(norte).state == "proved"
    assert letters("alice@aurora.example") == ["domain_proved"]
    assert again(norte).check_due_at < clock.now() + timedelta(hours=2)


def test_a_killed_worker_loses_nothing(norte: Domain, dns: DnsServer) -> None:
    taken = checking._take_due()
    assert [domain.pk for domain in taken] == [norte.pk]
    assert domains.check_due.func() == {}  # held
    again(norte, check_due_at=clock.now() - timedelta(seconds=1))  # its lease has run out
    assert domains.check_due.func() == {"missing": 1}


def test_many_silent_domains_do_not_hold_up_each_other(aurora: Account, dns: DnsServer) -> None:
    Domain.objects.bulk_create(
        Domain(account=aurora, name=f"d{n}.example") for n in range(domains.AT_ONCE * 2)
    )
    dns.silent |= {f"{LABEL}.d{n}.example" for n in range(domains.AT_ONCE * 2)}
    start = clock.now()
    assert domains.check_due.func() == {"no_answer": domains.AT_ONCE * 2}
    assert clock.now() - start < timedelta(seconds=15)


# Removing


def test_a_domain_is_removed(norte: Domain, aurora: Account, admin: Actor) -> None:
    domains.remove_domain(norte, by=admin)
    assert not aurora.domains.filter(name=norte.name).exists()
    assert Entry.objects.filter(event="domain.removed", account_id=aurora.pk).count() == 1
    with pytest.raises(domains.DomainGone):
        domains.remove_domain(norte, by=admin)


@pytest.mark.parametrize("name", ["aurora-norte.example", "clínica.example"])
def test_not_while_somebody_has_an_address_there(
    name: str, aurora: Account, admin: Actor, provider: Actor
) -> None:
    domain = domains.approve_domain(domains.claim_domain(aurora, name, by=admin), by=provider)
    licensing.add_user(aurora, f"elena@{name}", by=admin, first_name="Elena")
    with pytest.raises(domains.DomainInUse, match="Elena"):
        domains.remove_domain(domain, by=admin)
    assert again(domain).state == "approved"


# The provider's customers


def test_an_account_is_opened_with_its_domain(provider: Actor) -> None:
    account = domains.open_account(
        " Norte,  S. A. ",
        country="ES",
        admin_email="Nora@Norte.example",
        admin_first_name="Nora",
        by=provider,
    )
    assert account.name == "Norte, S. A."
    assert account.domains.get().name == "norte.example"
    letter = Letter.objects.get(to="nora@norte.example")
    assert letter.kind == "welcome"
    assert letter.link == f"{settings.URL}/"


def test_an_account_whose_administrator_uses_public_mail(provider: Actor) -> None:
    account = domains.open_account(
        "Norte", country="ES", admin_email="nora@gmail.com", admin_first_name="Nora", by=provider
    )
    assert not account.domains.exists()


@override_settings(DNS_SERVER="127.0.0.1:1")
def test_no_resolver_at_all(norte: Domain) -> None:
    assert domains.check_due.func() == {"no_answer": 1}
    assert again(norte).state == "waiting"
