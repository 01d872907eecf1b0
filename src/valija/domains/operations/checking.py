"""Proof by DNS."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import transaction
from django.tasks import task
from django.utils.translation import gettext_lazy as _

from valija.accounts.permissions import Permission
from valija.core import actor, clock
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.domains import dns
from valija.domains.dns import Result
from valija.domains.models import Domain
from valija.domains.operations.approving import DomainGone, held, tell, write_approval, write_taken
from valija.journal import journal
from valija.journal.events import Event
from valija.mail import letters

BETWEEN_CHECKS = timedelta(seconds=20)


LEASE = timedelta(minutes=1)  # a look-up takes a few seconds


AT_ONCE = 8


LONGEST_RUN = timedelta(seconds=45)  # the clock comes every minute


class DomainRefused(Refusal):
    code = "domain_refused"
    sentence = _("%(domain)s was refused. Enter it again to have it checked again.")


class CheckedJustNow(Refusal):
    code = "checked_just_now"
    status = 429
    sentence = _("%(domain)s was looked up a moment ago. Try again in %(seconds)s seconds.")


def check_domain(domain: Domain, *, by: Actor) -> Domain:
    """Look for the record now. It may take some seconds, so nothing is held meanwhile."""
    by.require(Permission.DOMAIN_CLAIM, domain.account)
    domain = _begin_check(domain)
    checked = _write_result(domain, dns.look_up(domain.name, domain.proof), by)
    if checked is None:
        raise DomainGone(domain=domain.in_words)
    return checked


@transaction.atomic
def _begin_check(domain: Domain) -> Domain:
    domain, now = held(domain), clock.now()
    if domain.refused_at:
        raise DomainRefused(domain=domain.in_words)
    rest = domain.checked_at + BETWEEN_CHECKS - now if domain.checked_at else timedelta()
    if rest > timedelta():
        raise CheckedJustNow(domain=domain.in_words, seconds=int(rest.total_seconds()) + 1)
    _take([domain], now)
    return domain


def _take(domains: list[Domain], now: datetime) -> None:
    """Whoever looks up a domain holds it for a while; should he die, it is due again."""
    for domain in domains:
        domain.checked_at, domain.check_result, domain.check_due_at = now, "", now + LEASE
    Domain.objects.bulk_update(domains, ["checked_at", "check_result", "check_due_at"])


@task
def check_due() -> dict[str, int]:
    """Look for the records that are due: of waiting domains often, of proved ones daily."""
    found: Counter[str] = Counter()
    until, by = clock.now() + LONGEST_RUN, actor.clock()
    # Several at a time: servers that keep silent must not hold up the others. The threads see no database.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while clock.now() < until and (domains := _take_due()):
            results = pool.map(dns.look_up, [d.name for d in domains], [d.proof for d in domains])
            for domain, result in zip(domains, results, strict=True):
                _write_result(domain, result, by)
                found[result.value] += 1
    return dict(found)


@transaction.atomic
def _take_due() -> list[Domain]:
    now = clock.now()
    domains = list(Domain.objects.due(now).select_for_update(skip_locked=True)[:AT_ONCE])
    _take(domains, now)
    return domains


@transaction.atomic
def _write_result(domain: Domain, result: Result, by: Actor) -> Domain | None:
    """What a look-up means for a domain as it is by now; nothing if it is gone."""
    try:
        domain = held(domain)
    except DomainGone:
        return None
    domain.check_result = result
    if domain.state == "waiting":
        _write_waiting(domain, result, by)
    elif domain.approved_at and result == Result.FOUND and (domain.lost_at or not domain.proved_at):
        domain.proved_at, domain.lost_at = clock.now(), None
        journal.record(Event.DOMAIN_PROVED, by=by, about=domain, domain=domain.name)
    elif domain.state == "proved" and result == Result.MISSING:
        domain.lost_at = clock.now()
        journal.record(Event.DOMAIN_LOST, by=by, about=domain, domain=domain.name)
        tell(letters.DOMAIN_LOST, domain, record=f"{domain.record_name} TXT {domain.proof}")
    domain.check_due_at = domain.next_check(clock.now())
    domain.save()
    return domain


def _write_waiting(domain: Domain, result: Result, by: Actor) -> None:
    if Domain.objects.approved().filter(name=domain.name).exists():
        write_taken(domain)
    elif result == Result.FOUND:
        write_approval(domain, proved=True)
        journal.record(Event.DOMAIN_PROVED, by=by, about=domain, domain=domain.name)
        tell(letters.DOMAIN_PROVED, domain, link="/users#add")
