"""Secrets that people and programs carry, and what is kept of them: a digest, never the secret."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet
from django.conf import settings

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: read aloud and typed without doubt


def new_token() -> str:
    """A secret for a link or a program: 256 bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def new_digits(length: int = 6) -> str:
    """A short code that a person types within minutes."""
    return f"{secrets.randbelow(10**length):0{length}d}"


def new_code() -> str:
    """A code that a person types within weeks: 16 characters in fours, 80 bits."""
    characters = "".join(secrets.choice(CROCKFORD) for _ in range(16))
    return "-".join(characters[i : i + 4] for i in range(0, 16, 4))


def normal_code(text: str) -> str:
    """A typed code as it was meant: upper case, no spaces or dashes, I and L as 1, O as 0."""
    return re.sub(r"[^0-9A-Z]", "", text.upper()).translate(str.maketrans("ILO", "110"))


@lru_cache(maxsize=16)
def _key(purpose: str, secret: str) -> bytes:
    return hmac.new(secret.encode(), f"valija {purpose}".encode(), hashlib.sha256).digest()


def digest(token: str, purpose: str) -> str:
    """What is stored instead of the token: HMAC-SHA-256 under a key of this purpose, 64 hex digits."""
    return hmac.new(_key(purpose, settings.SECRET_KEY), token.encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two digests are equal, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _fernet() -> Fernet:
    return Fernet(urlsafe_b64encode(_key("at rest", settings.SECRET_KEY)))


def lock_away(data: bytes) -> bytes:
    """Encrypt what must be read back later by this installation alone (Fernet)."""
    return _fernet().encrypt(data)


def take_out(data: bytes) -> bytes:
    """Decrypt what `lock_away` encrypted.

    Raises:
        cryptography.fernet.InvalidToken: the data was changed or another key locked it.
    """
    return _fernet().decrypt(bytes(data))
