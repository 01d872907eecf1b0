"""The first people of an installation, and the way in for those who run it."""

import argparse
from typing import TYPE_CHECKING, Any

from valija.server import database
from valija.server.home import Stop

if TYPE_CHECKING:
    from valija.accounts.models import User
    from valija.core.actor import Actor


def print_sign_in_link(options: argparse.Namespace) -> int:
    """`valija-server sign-in-link EMAIL`"""
    database.set_up()
    from valija.accounts.models import User

    user = User.objects.active().filter(email=options.email.strip().lower()).first()
    if user is None:
        raise Stop(f"Nobody here has the address {options.email}.")
    print(_link(user))
    return 0


def open_account(options: argparse.Namespace) -> int:
    """`valija-server create-account NAME --admin EMAIL`"""
    database.set_up()
    user = _create(
        options.name, options.admin, options.country, language=options.language, currency=options.currency
    )
    print(f"{options.name} is open. {user.email} signs in at:")
    print(_link(user))
    return 0


def need_provider(email: str) -> None:
    """On a first start, open the account of the provider, who opens all others."""
    from django.conf import settings

    from valija.accounts.models import Account

    if not Account.objects.exists():
        _create(settings.PROVIDER_NAME, email, "ES", language="en", is_provider=True)


def link_of_provider() -> list[str]:
    """A line with a way in for the first administrator."""
    from valija.accounts.models import User
    from valija.accounts.permissions import Role

    first = User.objects.active().filter(role=Role.PROVIDER).order_by("id").first()
    return [_line(first)] if first else []


def links_of_everyone() -> list[str]:
    """A line with a way in for each of the cast."""
    from valija.accounts.models import User

    return [_line(user) for user in User.objects.active().order_by("id")[:20]]


def _create(name: str, email: str, country: str, **details: Any) -> "User":
    from valija.accounts import operations as accounts
    from valija.core.errors import Refusal

    try:
        account = accounts.create_account(
            name,
            country=country.upper(),
            admin_email=email,
            admin_first_name=email.partition("@")[0].capitalize(),
            by=operator(),
            **details,
        )
    except Refusal as refusal:
        raise Stop(str(refusal)) from refusal
    return account.users.get()


def _link(user: "User") -> str:
    from valija.accounts import operations as accounts

    return accounts.sign_in_link(user, by=operator())


def _line(user: "User") -> str:
    return f"Sign in as {user.email}: {_link(user)}"


def operator() -> "Actor":
    """Whoever can run commands here holds the keys anyway; the journal says that it was he."""
    from valija.accounts.permissions import EVERYTHING
    from valija.core import actor

    return actor.command(EVERYTHING)
