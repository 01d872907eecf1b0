"""What can be done with domains."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import idna
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.tasks import task
from django.utils.translation import gettext_lazy as _

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission
from valija.core import actor, clock
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.domains import dns, names
from valija.domains.dns import Result
from valija.domains.models import Domain
from valija.journal import journal
from valija.journal.events import Event
from valija.mail import letters
from valija.mail import operations as mail

LONGEST = 253 - len(dns.LABEL) - 1  # a name of DNS, less the label of the record that proves it
WAITING_AT_ONCE = 50  # each is looked up again and again
BETWEEN_CHECKS = timedelta(seconds=20)
LEASE = timedelta(minutes=1)  # a look-up takes a few seconds
AT_ONCE = 8
LONGEST_RUN = timedelta(seconds=45)  # the clock comes every minute


class DomainNotApproved(Refusal):
    code = "domain_not_approved"
    sentence = _(
        "The domain %(domain)s is not approved for your account. Approve it first, or use another address."
    )


class ThrowAwayDomain(Refusal):
    code = "throw_away_domain"
    sentence = _("%(domain)s hands out throw-away addresses, which cannot be used.")


def require_usable(account: Account, email: str) -> None:
    """Refuse an address unless its domain is approved for the account, or is a public mail domain.

    Within a transaction: the domain is held, so that it cannot be removed while somebody is being added to it.
    """
    typed = email.rpartition("@")[2]
    try:
        domain = normal_domain(typed)
    except DomainNotValid as wrong:
        raise DomainNotApproved(domain=typed) from wrong
    if names.is_throw_away(domain):
        raise ThrowAwayDomain(domain=typed)
    if names.is_public(domain):
        return
    if account.domains.approved().select_for_update(no_key=True).filter(name=domain).first() is None:
        raise DomainNotApproved(domain=typed)


class DomainNotValid(InvalidInput):
    code = "domain_not_valid"
    field = "name"
    sentence = _(
        "“%(domain)s” is not a domain. Enter what stands after the @ of your addresses, as in clinic.example."
    )


def normal_domain(text: str) -> str:
    """A domain as it is stored: lower case, in its ASCII form (IDNA 2008), without what people type around it.

    Raises:
        DomainNotValid: it is no domain.
    """
    typed = text.strip()
    name = re.sub(r"^https?://", "", typed.lower()).partition("/")[0].rpartition("@")[2].strip(".")
    try:
        # Long texts are refused unread: bringing them into ASCII is slow.
        ascii_name = idna.encode(name, uts46=True).decode() if len(name) <= LONGEST else ""
    except idna.IDNAError as wrong:
        raise DomainNotValid(domain=typed[:80]) from wrong
    # No top level is a number: what ends in one is the address of a machine.
    if "." not in ascii_name or len(ascii_name) > LONGEST or ascii_name.rpartition(".")[2].isdigit():
        raise DomainNotValid(domain=typed[:80])
    return ascii_name


class PublicDomain(Refusal):
    code = "public_domain"
    sentence = _(
        "%(domain)s is a public mail service: its addresses need no approval and nobody can claim it."
    )


class DomainTaken(Refusal):
    code = "domain_taken"
    sentence = _(
        "Another account has proved that %(domain)s is its own. If that is an error, please write to your provider."
    )


class TooManyDomainsWaiting(Refusal):
    code = "too_many_domains_waiting"
    sentence = _(
        "%(number)s domains are waiting for approval. Approve or remove some of them before you enter another one."
    )


@transaction.atomic
def claim_domain(account: Account, name: str, *, by: Actor) -> Domain:
    """Say that a domain is the account's own; a TXT record or the provider approves it. Said twice, it is one claim."""
    by.require(Permission.DOMAIN_CLAIM, account)
    name = normal_domain(name)
    if names.is_public(name):
        raise PublicDomain(domain=names.in_words(name))
    if names.is_throw_away(name):
        raise ThrowAwayDomain(domain=names.in_words(name))
    if Domain.objects.approved().filter(name=name).exclude(account=account).exists():
        raise DomainTaken(domain=names.in_words(name))
    return _claim(account, name, by)


def _claim(account: Account, name: str, by: Actor) -> Domain:
    known = account.domains.select_for_update().filter(name=name).first()
    if known and not known.refused_at:
        return known
    if account.domains.waiting().count() >= WAITING_AT_ONCE:
        raise TooManyDomainsWaiting(number=WAITING_AT_ONCE)
    now = clock.now()
    fresh = {"claimed_at": now, "check_due_at": now, "check_result": "", "checked_at": None}
    if known:
        for field, value in {**fresh, "refused_at": None, "refusal_reason": ""}.items():
            setattr(known, field, value)
        known.save()
        domain, new = known, True
    else:
        domain, new = Domain.objects.get_or_create(account=account, name=name, defaults=fresh)
    if new:
        journal.record(Event.DOMAIN_CLAIMED, by=by, about=domain, domain=name)
    return domain


# The provider's word


@transaction.atomic
def approve_domain(domain: Domain, *, by: Actor) -> Domain:
    """The provider's word instead of a DNS record."""
    by.require(Permission.DOMAIN_APPROVE)
    domain = _held(domain)
    if domain.approved_at:
        return domain
    _write_approval(domain, proved=False)
    journal.record(Event.DOMAIN_APPROVED, by=by, about=domain, domain=domain.name)
    if by.kind != "command":  # whoever sets up an installation at its command line has nobody to tell yet
        _tell(letters.DOMAIN_PROVED, domain, link="/users#add")
    return domain


class DomainIsApproved(Refusal):
    code = "domain_is_approved"
    sentence = _("%(domain)s is already approved.")


class ReasonMissing(InvalidInput):
    code = "reason_missing"
    field = "reason"
    sentence = _("Please say why: the administrators of the account will read it.")


@transaction.atomic
def refuse_domain(domain: Domain, reason: str, *, by: Actor) -> Domain:
    """The provider does not approve a domain, and says why. The account can enter it again."""
    by.require(Permission.DOMAIN_APPROVE)
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise ReasonMissing
    domain = _held(domain)
    if domain.approved_at:
        raise DomainIsApproved(domain=domain.in_words)
    if not domain.refused_at:
        domain.refused_at, domain.refusal_reason = clock.now(), reason
        domain.save(update_fields=["refused_at", "refusal_reason"])
        journal.record(Event.DOMAIN_REFUSED, by=by, about=domain, domain=domain.name, reason=reason)
        _tell(letters.DOMAIN_REFUSED, domain, reason=reason)
    return domain


class DomainGone(Refusal):
    code = "domain_gone"
    sentence = _("%(domain)s was removed in the meantime.")


def _held(domain: Domain) -> Domain:
    """The domain as it is now, held until the transaction ends, and with it every other claim to the same name.

    All in one order: two accounts that prove the same domain at once would else wait for each other.
    """
    same = Domain.objects.select_for_update(of=("self",)).select_related("account").filter(name=domain.name)
    held = next((row for row in same.order_by("id") if row.pk == domain.pk), None)
    if held is None:
        raise DomainGone(domain=domain.in_words)
    return held


def _write_approval(domain: Domain, *, proved: bool) -> None:
    """The domain is the account's. Whoever else claimed it is told."""
    domain.approved_at, domain.refused_at, domain.refusal_reason = clock.now(), None, ""
    domain.proved_at = domain.approved_at if proved else None
    try:
        with transaction.atomic():
            domain.save()
    except IntegrityError as taken:  # another account was faster
        raise DomainTaken(domain=domain.in_words) from taken
    for other in Domain.objects.waiting().filter(name=domain.name).select_related("account"):
        _write_taken(other)


def _write_taken(domain: Domain) -> None:
    """Another account has the domain: this claim to it ends, and its people are told."""
    domain.refused_at, domain.refusal_reason = clock.now(), ""
    domain.save()
    # The other account is a stranger to this one: not a word of who acted, or from where.
    journal.record(Event.DOMAIN_TAKEN, by=actor.clock(), about=domain, domain=domain.name)
    _tell(letters.DOMAIN_TAKEN, domain)


def _tell(kind: letters.Kind, domain: Domain, *, link: str = "/domains", **data: Any) -> None:
    """A letter to each administrator of the account."""
    for person in domain.account.users.administrators():
        mail.write_letter(kind, person, link=f"{settings.URL}{link}", domain=domain.in_words, **data)


# Proof by DNS


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
    domain, now = _held(domain), clock.now()
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
        domain = _held(domain)
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
        _tell(letters.DOMAIN_LOST, domain, record=f"{domain.record_name} TXT {domain.proof}")
    domain.check_due_at = domain.next_check(clock.now())
    domain.save()
    return domain


def _write_waiting(domain: Domain, result: Result, by: Actor) -> None:
    if Domain.objects.approved().filter(name=domain.name).exists():
        _write_taken(domain)
    elif result == Result.FOUND:
        _write_approval(domain, proved=True)
        journal.record(Event.DOMAIN_PROVED, by=by, about=domain, domain=domain.name)
        _tell(letters.DOMAIN_PROVED, domain, link="/users#add")


# Removing


class DomainInUse(Refusal):
    code = "domain_in_use"
    sentence = _(
        "%(user)s has an address of %(domain)s. A domain can be removed once nobody of the account uses it."
    )


@transaction.atomic
def remove_domain(domain: Domain, *, by: Actor) -> None:
    """Give a domain up. Only while nobody of the account has an address in it."""
    by.require(Permission.DOMAIN_CLAIM, domain.account)
    domain = _held(domain)
    addresses = Q(email__endswith=f"@{domain.name}") | Q(email__endswith=f"@{domain.in_words}")
    user = User.objects.filter(addresses, account=domain.account_id).order_by("sort_name").first()
    if user is not None:
        raise DomainInUse(user=user.full_name, domain=domain.in_words)
    journal.record(Event.DOMAIN_REMOVED, by=by, about=domain, domain=domain.name)
    domain.delete()


# The provider's customers


class AccountNameMissing(InvalidInput):
    code = "account_name_missing"
    field = "name"
    sentence = _("Please enter the name of the business.")


@transaction.atomic
def open_account(name: str, *, country: str, admin_email: str, by: Actor, **details: Any) -> Account:
    """Open an account and write to its first administrator; the domain of the address is entered for approval."""
    by.require(Permission.ACCOUNT_CREATE)
    name = " ".join(name.split())[:120]
    if not name:
        raise AccountNameMissing
    domain = normal_domain(accounts.normal_email(admin_email))
    if names.is_throw_away(domain):
        raise ThrowAwayDomain(domain=names.in_words(domain))
    account = accounts.create_account(name, country=country, admin_email=admin_email, by=by, **details)
    administrator = account.users.get()
    mail.write_letter(
        letters.WELCOME,
        administrator,
        link=f"{settings.URL}/",
        inviter=by.label.partition(" <")[0],
        account=account.name,
        email=administrator.email,
    )
    if not names.is_public(domain) and not Domain.objects.approved().filter(name=domain).exists():
        _claim(account, domain, by)
    return account
