"""The license file: a DSSE envelope with an Ed25519 signature, readable without a connection (docs/formats.md)."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from valija.client import messages

PAYLOAD_TYPE = "application/vnd.valija.license.v1+json"

# Clocks are never exact and two systems on one computer may disagree on summer time.
CLOCK_TOLERANCE = timedelta(hours=1)

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the license allows."""

    code: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Holder:
    """The person the license was given to."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Account:
    """The business that bought the license."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class License:
    """What the signed file says. Times are in UTC."""

    license: str
    activation: str
    device: str
    plan: Plan
    entitlements: dict[str, Any]
    holder: Holder
    account: Account
    server: str
    issued_at: datetime
    expires_at: datetime
    offline_until: datetime
    key: str

    @property
    def renew_from(self) -> datetime:
        """Half of the offline grace: early enough that a weekend without a connection does not hurt."""
        return self.issued_at + (self.offline_until - self.issued_at) / 2


class Standing(StrEnum):
    """How a license that was read stands at a moment."""

    GOOD = "good"
    EXPIRED = "expired"
    OFFLINE_TOO_LONG = "offline_too_long"
    CLOCK_SET_BACK = "clock_set_back"
    ENDED = "ended"
    SUSPENDED = "suspended"


class LicenseFileProblem(messages.Problem):
    """The license file proves nothing."""

    exit_code = 4


class UnreadableLicenseFile(LicenseFileProblem):
    """It is not a license file at all."""

    code = "unreadable"
    sentence = messages.FILE_UNREADABLE


class NewerLicenseFile(LicenseFileProblem):
    """A later version of the format."""

    code = "newer"
    sentence = messages.FILE_NEWER


class UnknownKey(LicenseFileProblem):
    """Signed, but by nobody this device knows."""

    code = "unknown_key"
    sentence = messages.FILE_UNKNOWN_KEY


class ChangedLicenseFile(LicenseFileProblem):
    """The signature does not fit what is written."""

    code = "changed"
    sentence = messages.FILE_CHANGED


def open_license_file(envelope: object, keys: object) -> License:
    """Read the license in `envelope` if one of `keys` (a JWKS) signed it; nothing is believed before that."""
    payload, signatures = _parts(envelope)
    known = known_keys(keys)
    signed_by = [(key, signature) for key, signature in signatures if key in known]
    if not signed_by:
        raise UnknownKey
    message = pae(PAYLOAD_TYPE, payload)
    for key, signature in signed_by:
        try:
            known[key].verify(signature, message)
        except InvalidSignature:
            continue
        return _license(payload, key)
    raise ChangedLicenseFile


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(raw: bytes) -> str:
    """The name of a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(raw).hexdigest()[:16]


def known_keys(jwks: object) -> dict[str, Ed25519PublicKey]:
    """The Ed25519 keys of a JWKS by name. Keys of another kind, or under a name not their own, are passed over."""
    found = {}
    for key in _list(jwks, "keys"):
        if isinstance(key, dict) and (key.get("kty"), key.get("crv")) == ("OKP", "Ed25519"):
            text = key.get("x")
            if not isinstance(text, str):
                continue
            try:
                raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            except (binascii.Error, ValueError):
                continue
            if len(raw) == 32 and key_id(raw) == key.get("kid"):
                found[key_id(raw)] = Ed25519PublicKey.from_public_bytes(raw)
    return found


def standing(license: License, now: datetime, latest_seen: datetime | None) -> Standing:
    """How `license` stands when the clock says `now` and has already said `latest_seen`."""
    seen = max(license.issued_at, latest_seen or license.issued_at)
    if now < seen - CLOCK_TOLERANCE:
        return Standing.CLOCK_SET_BACK
    moment = max(now, seen)
    if moment >= license.expires_at:
        return Standing.EXPIRED
    if moment >= license.offline_until:
        return Standing.OFFLINE_TOO_LONG
    return Standing.GOOD


def _parts(envelope: object) -> tuple[bytes, list[tuple[str, bytes]]]:
    if not isinstance(envelope, dict) or envelope.get("payloadType") != PAYLOAD_TYPE:
        raise UnreadableLicenseFile
    signatures = []
    for entry in _list(envelope, "signatures"):
        if not isinstance(entry, dict) or not isinstance(entry.get("keyid"), str):
            raise UnreadableLicenseFile
        signatures.append((entry["keyid"], _base64(entry.get("sig"))))
    return _base64(envelope.get("payload")), signatures


def _list(holder: object, name: str) -> list[object]:
    value = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(value, list):
        raise UnreadableLicenseFile
    return value


def _base64(text: object) -> bytes:
    """Standard base64, in the one spelling there is for these bytes: a changed last letter must not pass."""
    if not isinstance(text, str):
        raise UnreadableLicenseFile
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableLicenseFile from None
    if base64.b64encode(data).decode() != text:
        raise UnreadableLicenseFile
    return data


def _license(payload: bytes, key: str) -> License:
    try:
        fields = json.loads(payload.decode())
    except ValueError:
        raise UnreadableLicenseFile from None
    if not isinstance(fields, dict) or type(fields.get("version")) is not int:
        raise UnreadableLicenseFile
    if fields["version"] != 1:
        raise NewerLicenseFile
    return License(
        license=_text(fields, "license"),
        activation=_text(fields, "activation"),
        device=_text(fields, "device"),
        plan=Plan(**_texts(fields, "plan", "code", "name", "kind")),
        entitlements=_object(fields, "entitlements"),
        holder=Holder(**_texts(fields, "holder", "name", "email")),
        account=Account(**_texts(fields, "account", "id", "name")),
        server=_text(fields, "server"),
        issued_at=_moment(fields, "issued_at"),
        expires_at=_moment(fields, "expires_at"),
        offline_until=_moment(fields, "offline_until"),
        key=key,
    )


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise UnreadableLicenseFile
    return value


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    if not isinstance(value, dict):
        raise UnreadableLicenseFile
    return value


def _texts(fields: dict[str, Any], name: str, *inner: str) -> dict[str, str]:
    value = _object(fields, name)
    return {one: _text(value, one) for one in inner}


def _moment(fields: dict[str, Any], name: str) -> datetime:
    value = _text(fields, name)
    if not MOMENT.fullmatch(value):
        raise UnreadableLicenseFile
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise UnreadableLicenseFile from None
