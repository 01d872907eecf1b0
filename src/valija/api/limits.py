"""How many requests a program may make: so many a minute for each token."""

import time
from dataclasses import dataclass

from django.core.cache import cache

from valija.accounts.models import ApiToken
from valija.api.errors import TooManyRequests

REQUESTS = 600
SECONDS = 60


@dataclass(frozen=True)
class Allowance:
    """What is left of the minute, as the headers of the IETF draft tell it."""

    limit: int
    remaining: int
    resets_in: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"token";q={self.limit};w={SECONDS}',
            "RateLimit": f'"token";r={max(0, self.remaining)};t={self.resets_in}',
        }


def count_request(token: ApiToken) -> Allowance:
    """Take one request off the token's minute; what is left may be below nothing."""
    now = time.time()
    window = int(now // SECONDS)
    key = f"api-requests-{token.pk}-{window}"
    cache.add(key, 0, SECONDS * 2)
    try:
        used = cache.incr(key)
    except ValueError:  # thrown out of a full cache in between
        used = 1
    return Allowance(REQUESTS, REQUESTS - used, max(1, int((window + 1) * SECONDS - now)))


def require_allowance(allowance: Allowance) -> None:
    """Refuse a request for which nothing was left."""
    if allowance.remaining < 0:
        raise TooManyRequests(limit=allowance.limit, seconds=allowance.resets_in)
