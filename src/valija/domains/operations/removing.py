"""Removing a domain."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import User
from valija.accounts.permissions import Permission
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.domains.models import Domain
from valija.domains.operations.approving import held
from valija.journal import journal
from valija.journal.events import Event


class DomainInUse(Refusal):
    code = "domain_in_use"
    sentence = _(
        "%(user)s has an address of %(domain)s. A domain can be removed once nobody of the account uses it."
    )


@transaction.atomic
def remove_domain(domain: Domain, *, by: Actor) -> None:
    """Give a domain up. Only while nobody of the account has an address in it."""
    by.require(Permission.DOMAIN_CLAIM, domain.account)
    domain = held(domain)
    addresses = Q(email__endswith=f"@{domain.name}") | Q(email__endswith=f"@{domain.in_words}")
    user = User.objects.filter(addresses, account=domain.account_id).order_by("sort_name").first()
    if user is not None:
        raise DomainInUse(user=user.full_name, domain=domain.in_words)
    journal.record(Event.DOMAIN_REMOVED, by=by, about=domain, domain=domain.name)
    domain.delete()
