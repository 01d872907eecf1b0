"""Entering a domain, and which addresses may be used."""

import re

import idna
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.core import clock
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.domains import dns, names
from valija.domains.models import Domain
from valija.journal import journal
from valija.journal.events import Event

LONGEST = 253 - len(dns.LABEL) - 1  # a name of DNS, less the label of the record that proves it


WAITING_AT_ONCE = 50  # each is looked up again and again


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
    return claim(account, name, by=by)


def claim(account: Account, name: str, *, by: Actor) -> Domain:
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
