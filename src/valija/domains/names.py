"""Names of domains: how people write them, and which belong to nobody in particular."""

import idna
from disposable_email_domains import blocklist

from valija.domains.public import PUBLIC_MAIL_DOMAINS


def in_words(name: str) -> str:
    """A stored domain as people write it: clínica.example for xn--clnica-4va.example."""
    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


def is_public(name: str) -> bool:
    """Whether anybody can have an address there."""
    return name in PUBLIC_MAIL_DOMAINS


def is_throw_away(name: str) -> bool:
    """Whether the domain, or one above it, hands out throw-away addresses."""
    labels = name.split(".")
    return any(".".join(labels[start:]) in blocklist for start in range(len(labels) - 1))
