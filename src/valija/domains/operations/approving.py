"""The provider's word, and what follows from an approval."""

from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.permissions import Permission
from valija.core import actor, clock
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, Refusal
from valija.domains.models import Domain
from valija.domains.operations.claiming import DomainTaken
from valija.journal import journal
from valija.journal.events import Event
from valija.mail import letters
from valija.mail import operations as mail


@transaction.atomic
def approve_domain(domain: Domain, *, by: Actor) -> Domain:
    """The provider's word instead of a DNS record."""
    by.require(Permission.DOMAIN_APPROVE)
    domain = held(domain)
    if domain.approved_at:
        return domain
    write_approval(domain, proved=False)
    journal.record(Event.DOMAIN_APPROVED, by=by, about=domain, domain=domain.name)
    if by.kind != "command":  # whoever sets up an installation at its command line has nobody to tell yet
        tell(letters.DOMAIN_PROVED, domain, link="/users#add")
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
    domain = held(domain)
    if domain.approved_at:
        raise DomainIsApproved(domain=domain.in_words)
    if not domain.refused_at:
        domain.refused_at, domain.refusal_reason = clock.now(), reason
        domain.save(update_fields=["refused_at", "refusal_reason"])
        journal.record(Event.DOMAIN_REFUSED, by=by, about=domain, domain=domain.name, reason=reason)
        tell(letters.DOMAIN_REFUSED, domain, reason=reason)
    return domain


class DomainGone(Refusal):
    code = "domain_gone"
    sentence = _("%(domain)s was removed in the meantime.")


def held(domain: Domain) -> Domain:
    """The domain as it is now, held until the transaction ends, and with it every other claim to the same name.

    All in one order: two accounts that prove the same domain at once would else wait for each other.
    """
    same = Domain.objects.select_for_update(of=("self",)).select_related("account").filter(name=domain.name)
    held = next((row for row in same.order_by("id") if row.pk == domain.pk), None)
    if held is None:
        raise DomainGone(domain=domain.in_words)
    return held


def write_approval(domain: Domain, *, proved: bool) -> None:
    """The domain is the account's. Whoever else claimed it is told."""
    domain.approved_at, domain.refused_at, domain.refusal_reason = clock.now(), None, ""
    domain.proved_at = domain.approved_at if proved else None
    try:
        with transaction.atomic():
            domain.save()
    except IntegrityError as taken:  # another account was faster
        raise DomainTaken(domain=domain.in_words) from taken
    for other in Domain.objects.waiting().filter(name=domain.name).select_related("account"):
        write_taken(other)


def write_taken(domain: Domain) -> None:
    """Another account has the domain: this claim to it ends, and its people are told."""
    domain.refused_at, domain.refusal_reason = clock.now(), ""
    domain.save()
    # The other account is a stranger to this one: not a word of who acted, or from where.
    journal.record(Event.DOMAIN_TAKEN, by=actor.clock(), about=domain, domain=domain.name)
    tell(letters.DOMAIN_TAKEN, domain)


def tell(kind: letters.Kind, domain: Domain, *, link: str = "/domains", **data: Any) -> None:
    """A letter to each administrator of the account."""
    for person in domain.account.users.administrators():
        mail.write_letter(kind, person, link=f"{settings.URL}{link}", domain=domain.in_words, **data)
