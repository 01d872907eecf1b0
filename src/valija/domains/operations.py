"""What can be done with domains."""

from disposable_email_domains import blocklist
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account
from valija.core.errors import Refusal
from valija.domains.public import PUBLIC_MAIL_DOMAINS


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
