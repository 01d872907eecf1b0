"""The accounts of `--demo`: two businesses with their people, and the provider. Nobody has a license yet."""

from typing import NamedTuple

from django.db import transaction

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.accounts.permissions import EVERYTHING, Role
from valija.billing import operations as billing
from valija.core import actor
from valija.domains import operations as domains
from valija.licensing import operations as licensing

OPERATOR = actor.command(EVERYTHING)


class Cast(NamedTuple):
    """Everyone, by name."""

    aurora: Account
    borealis: Account
    alice: User
    bob: User
    carol: User
    dave: User
    mallory: User
    oscar: User


@transaction.atomic
def fill() -> Cast:
    """Open the accounts of the cast; where they exist, leave them as they are."""
    licensing.install_catalogue()
    billing.install_tax_rates()
    if not User.objects.filter(email="alice@aurora.example").exists():
        _open_accounts()
    people = {
        user.first_name.lower(): user
        for user in User.objects.select_related("account").filter(email__endswith=".example")
    }
    named = {name: people[name] for name in ("alice", "bob", "carol", "dave", "mallory", "oscar")}
    return Cast(aurora=named["alice"].account, borealis=named["mallory"].account, **named)


def _open_accounts() -> None:
    provider = Account.objects.filter(is_provider=True).first()
    if provider is None:
        _open("Correo del Sur, S. L.", "ES", "oscar@valija.example", "Oscar", "Valle", is_provider=True)
    else:  # an installation that was started before without its demo
        oscar = {"first_name": "Oscar", "last_name": "Valle", "role": Role.PROVIDER, "language": "es"}
        accounts.write_user(provider, "oscar@valija.example", by=OPERATOR, **oscar)
    aurora = _open("Clínica Aurora", "ES", "alice@aurora.example", "Alice", "Romero")
    borealis = _open(
        "Borealis", "CA", "mallory@borealis.example", "Mallory", "Stone",
        region="QC", currency="CAD", language="en", time_zone="America/Toronto",
    )  # fmt: skip
    for account in (aurora, borealis):
        domain = account.users.get().email.partition("@")[2]
        domains.approve_domain(domains.claim_domain(account, domain, by=OPERATOR), by=OPERATOR)
    for email, first, last, language, role in (
        ("bob@aurora.example", "Bob", "Castellanos", "en", Role.USER),
        ("carol@aurora.example", "Carol", "Iglesias", "es", Role.BILLING),
        ("dave@aurora.example", "Dave", "Martin", "fr", Role.USER),
    ):
        accounts.write_user(
            aurora, email, by=OPERATOR, first_name=first, last_name=last, language=language, role=role
        )


def _open(name: str, country: str, email: str, first: str, last: str, **details: object) -> Account:
    return accounts.create_account(
        name,
        country=country,
        admin_email=email,
        admin_first_name=first,
        admin_last_name=last,
        by=OPERATOR,
        **details,
    )
