"""The license file: what a client holds to prove, offline, which plan it has, for whom and until when.

A DSSE envelope (github.com/secure-systems-lab/dsse, protocol 1.0) around JSON, signed with Ed25519. The format is
told exactly in docs/formats.md.
"""

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from valija.core import clock, tokens
from valija.licensing.models import Activation, SigningKey

PAYLOAD_TYPE = "application/vnd.valija.license.v1+json"


@dataclass(frozen=True)
class Signer:
    """A signing key, ready to sign."""

    id: str
    private: Ed25519PrivateKey

    @classmethod
    def of(cls, key: SigningKey) -> "Signer":
        return cls(key.pk, Ed25519PrivateKey.from_private_bytes(tokens.take_out(bytes(key.private))))


def new_signing_key() -> SigningKey:
    """A fresh key pair, not yet stored."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return SigningKey(
        id=hashlib.sha256(public).hexdigest()[:16],
        public=public,
        private=tokens.lock_away(private.private_bytes_raw()),
    )


def license_file(activation: Activation, signer: Signer) -> dict[str, Any]:
    """The signed envelope for one activation, valid from now."""
    body = json.dumps(_payload(activation), ensure_ascii=False, separators=(",", ":")).encode()
    signature = signer.private.sign(pre_authentication_encoding(PAYLOAD_TYPE, body))
    return {
        "payload": b64encode(body).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": signer.id, "sig": b64encode(signature).decode()}],
    }


def pre_authentication_encoding(payload_type: str, body: bytes) -> bytes:
    """What is signed: the PAE of DSSE, so that a payload never passes for one of another type."""
    return b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(body), body)


def _payload(activation: Activation) -> dict[str, Any]:
    license, user, now = activation.license, activation.user, clock.now()
    # Past the renewal's day the license still works while the renewal is being paid.
    expires = license.expires_at if now < license.expires_at else license.works_until
    return {
        "version": 1,
        "license": str(license.pk),
        "activation": str(activation.pk),
        "device": activation.device,
        "plan": {"code": license.plan.code, "name": license.plan.name, "kind": license.plan.kind},
        "entitlements": license.plan.allows.as_dict() | {"devices": license.devices},
        "holder": {"name": user.full_name, "email": user.email},
        "account": {"id": str(license.account_id), "name": license.account.name},
        "server": settings.URL,
        "issued_at": _utc(now),
        "expires_at": _utc(expires),
        "offline_until": _utc(min(now + settings.OFFLINE_GRACE, expires)),
    }


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def public_keys(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """The public halves as a JSON Web Key Set (RFC 8037)."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "kid": key.pk,
                "use": "sig",
                "x": urlsafe_b64encode(bytes(key.public)).decode().rstrip("="),
            }
            for key in keys
        ]
    }
