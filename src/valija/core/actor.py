"""Who does something, for which account, and from where."""

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from valija.core.errors import NotPermitted


class Belonging(Protocol):
    """What an account looks like from down here: it has a key."""

    pk: UUID


@dataclass(frozen=True)
class Actor:
    """A person, a program, the clock or the command line, as the journal will name it."""

    kind: str  # user, token, clock, command, payment_provider, anyone
    label: str
    id: str = ""
    account_id: UUID | None = None
    permissions: frozenset[str] = field(default_factory=frozenset)
    everywhere: bool = False  # the provider's people and the system act on every account
    address: str = ""
    browser: str = ""
    through: str = "web"  # web, api, clock, command
    request_id: str = ""
    language: str = ""

    def may(self, permission: str, account: Belonging | None = None) -> bool:
        """Whether this actor holds the permission, for this account."""
        if str(permission) not in self.permissions:
            return False
        return account is None or self.everywhere or account.pk == self.account_id

    def require(self, permission: str, account: Belonging | None = None) -> None:
        """Refuse unless this actor holds the permission for this account."""
        if not self.may(permission, account):
            raise NotPermitted


def clock(permissions: frozenset[str] = frozenset()) -> Actor:
    """The worker's clock: what happens by itself."""
    return Actor(kind="clock", label="Valija", everywhere=True, permissions=permissions, through="clock")


def command(permissions: frozenset[str]) -> Actor:
    """Whoever runs this installation, at its command line."""
    return Actor(
        kind="command", label="valija-server", everywhere=True, permissions=permissions, through="command"
    )
