"""What is sent, signed after Standard Webhooks (standardwebhooks.com): stable id, time of the attempt, signature."""

import json
import secrets
from base64 import b64encode
from datetime import datetime

from django.conf import settings
from django.utils.translation import override
from standardwebhooks import Webhook

from valija.core import clock, tokens
from valija.journal.models import Entry
from valija.journal.telling import told
from valija.webhooks.models import Delivery, Endpoint

MOST_BYTES = 16_384


def new_secret() -> str:
    """A secret as receivers keep it."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def body_of(entry: Entry, language: str) -> bytes:
    """An event as it is sent; one that is too long says so and is to be fetched by its key."""
    with override(language):
        data = told(entry)
    body = _written(entry, data)
    if len(body) > MOST_BYTES:
        body = _written(entry, {**data, "data": {}, "sentence": "", "browser": "", "truncated": True})
    return body


def _written(entry: Entry, data: dict[str, object]) -> bytes:
    message = {"type": entry.event, "timestamp": data["at"], "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(delivery: Delivery, body: bytes) -> dict[str, str]:
    """The headers of one attempt; while a secret is being replaced, both sign."""
    now = clock.now()
    return {
        "Content-Type": "application/json",
        "User-Agent": f"Valija ({settings.URL})",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _signatures(delivery.endpoint, delivery.message_id, now, body),
    }


def _signatures(endpoint: Endpoint, message_id: str, now: datetime, body: bytes) -> str:
    kept = [endpoint.secret]
    if endpoint.old_secret and endpoint.old_secret_until and endpoint.old_secret_until > now:
        kept.append(endpoint.old_secret)
    keys = (tokens.take_out(bytes(secret)).decode() for secret in kept)
    return " ".join(Webhook(key).sign(message_id, now, body.decode()) for key in keys)
