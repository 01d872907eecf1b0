"""People, where a license comes with them."""

from typing import Any

from django.conf import settings
from django.db import transaction

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import Permission, Role
from valija.core.actor import Actor
from valija.domains import operations as domains
from valija.licensing.models import Plan
from valija.licensing.operations.assigning import assign_license
from valija.mail import letters
from valija.mail import operations as mail


@transaction.atomic
def add_user(account: Account, email: str, *, by: Actor, plan: Plan | None = None, **details: Any) -> User:
    """Add a person to the account; the address must be of an approved or a public mail domain."""
    by.require(Permission.USER_ADD, account)
    domains.require_usable(account, accounts.normal_email(email))
    details.setdefault("role", Role.USER)
    user = accounts.write_user(account, email, by=by, **details)
    mail.write_letter(
        letters.WELCOME,
        user,
        link=f"{settings.URL}/",
        inviter=by.label.partition(" <")[0],
        account=account.name,
        email=user.email,
    )
    if plan is not None:
        assign_license(account, plan, user, by=by)
    return user
