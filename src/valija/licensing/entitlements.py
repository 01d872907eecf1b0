"""What a plan allows, as numbers and switches."""

from dataclasses import asdict, dataclass, fields
from typing import Any

MEGABYTE = 1_000_000
GIGABYTE = 1_000_000_000


@dataclass(frozen=True)
class Entitlements:
    """The limits of a plan. Sizes in bytes, numbers per license; a number that is None has no limit."""

    send_bytes: int = 0  # attachments of one send; 0: the message's text alone
    signers: int | None = 0
    envelopes: bool = False
    protected_returns: bool = False
    signature_tracking: bool = False
    signer_order: bool = False
    templates: bool = False
    retention_days: int = 30
    monthly_sends: int = 1000  # a cap against abuse, far above what people do
    devices: int = 3

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "Entitlements":
        """What is stored of a plan; what it does not mention has its default."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})
