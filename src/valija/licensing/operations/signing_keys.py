"""The keys that sign license files."""

from typing import Any

from valija.licensing import license_file
from valija.licensing.models import SigningKey


def current_key() -> SigningKey:
    """The key that signs license files now; made when the first one is needed."""
    newest = SigningKey.objects.filter(retired_at=None).order_by("-created_at").first()
    if newest is None:
        newest = license_file.new_signing_key()
        newest.save(force_insert=True)
    return newest


def keys() -> dict[str, Any]:
    """Every public key that a license file may be verified with."""
    return license_file.public_keys(list(SigningKey.objects.order_by("created_at")))
