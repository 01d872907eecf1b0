"""The provider's customers."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts import operations as accounts
from valija.accounts.models import Account
from valija.accounts.permissions import Permission
from valija.core.actor import Actor
from valija.core.errors import InvalidInput
from valija.domains import names
from valija.domains.models import Domain
from valija.domains.operations.claiming import ThrowAwayDomain, claim, normal_domain
from valija.mail import letters
from valija.mail import operations as mail


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
        claim(account, domain, by=by)
    return account
