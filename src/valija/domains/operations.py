"""What can be done with domains."""

import idna
from disposable_email_domains import blocklist
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.domains.models import Domain
from valija.domains.public import PUBLIC_MAIL_DOMAINS
from valija.journal import journal
from valija.journal.events import Event


class DomainNotApproved(Refusal):
    code = "domain_not_approved"
    sentence = _("The domain %(domain)s is not approved for your account. Approve it first, or use another address.")


class ThrowAwayDomain(Refusal):
    code = "throw_away_domain"
    sentence = _("%(domain)s hands out throw-away addresses, which cannot be used.")


def require_usable(account: Account, email: str) -> None:
    """Refuse an address unless its domain is approved for the account, or is a public mail domain."""
    domain = email.rpartition("@")[2]
    if domain in blocklist:
        raise ThrowAwayDomain(domain=domain)
    if domain in PUBLIC_MAIL_DOMAINS or account.domains.approved().filter(name=domain).exists():
        return
    raise DomainNotApproved(domain=domain)


class DomainNotValid(InvalidInput):
    code = "domain_not_valid"
    field = "name"
    sentence = _("“%(domain)s” is not a domain. Enter what stands after the @ of your addresses, as in clinic.example.")


class PublicDomain(Refusal):
    code = "public_domain"
    sentence = _("%(domain)s is a public mail service: its addresses need no approval and nobody can claim it.")


class DomainTaken(Refusal):
    code = "domain_taken"
    sentence = _("Another account has proved that %(domain)s is its own. If that is an error, please write to your provider.")


def normal_domain(text: str) -> str:
    """A domain as it is stored: lower case, in its ASCII form (IDNA 2008), without what people type around it.

    Raises:
        DomainNotValid: it is no domain.
    """
    name = text.strip().lower().rpartition("@")[2].strip(".")
    try:
        ascii_name = idna.encode(name, uts46=True).decode()
    except idna.IDNAError as wrong:
        raise DomainNotValid(domain=text.strip()[:80]) from wrong
    if "." not in ascii_name:
        raise DomainNotValid(domain=text.strip()[:80])
    return ascii_name


@transaction.atomic
def claim_domain(account: Account, name: str, *, by: Actor) -> Domain:
    """Say that a domain is the account's own; a TXT record or the provider approves it. Said twice, it is one claim."""
    by.require(Permission.DOMAIN_CLAIM, account)
    name = normal_domain(name)
    if name in PUBLIC_MAIL_DOMAINS:
        raise PublicDomain(domain=name)
    if name in blocklist:
        raise ThrowAwayDomain(domain=name)
    if Domain.objects.approved().filter(name=name).exclude(account=account).exists():
        raise DomainTaken(domain=name)
    domain, new = Domain.objects.get_or_create(account=account, name=name)
    if new:
        journal.record(Event.DOMAIN_CLAIMED, by=by, about=domain, domain=name)
    elif domain.refused_at:
        domain.refused_at, domain.refusal_reason = None, ""
        domain.save(update_fields=["refused_at", "refusal_reason"])
        journal.record(Event.DOMAIN_CLAIMED, by=by, about=domain, domain=name)
    return domain


@transaction.atomic
def approve_domain(domain: Domain, *, by: Actor) -> Domain:
    """The provider's word instead of a DNS record."""
    by.require(Permission.DOMAIN_APPROVE)
    _write_approval(domain)
    journal.record(Event.DOMAIN_APPROVED, by=by, about=domain, domain=domain.name)
    return domain


def _write_approval(domain: Domain) -> None:
    domain.approved_at, domain.refused_at = timezone.now(), None
    try:
        with transaction.atomic():
            domain.save(update_fields=["approved_at", "refused_at"])
    except IntegrityError as taken:  # another account was a moment faster
        raise DomainTaken(domain=domain.name) from taken
