"""Write license_files.json, the license files that every verifier of ours must judge alike (Python and JavaScript).

Deterministic: keys come from fixed seeds and Ed25519 signs without chance. Run it after a change of the format:
python tests/vectors/make_license_files.py
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TYPE = "application/vnd.valija.license.v1+json"
TARGET = Path(__file__).with_name("license_files.json")

PAYLOAD: dict[str, Any] = {
    "version": 1,
    "license": "0199b0f2-7c1e-7a41-9d55-6a1f0c2b8e10",
    "activation": "0199b0f4-02aa-7d10-8f3e-1b7c9d2e4f60",
    "device": "Portátil de consulta",
    "plan": {"code": "pro", "name": "Pro", "kind": "personal"},
    "entitlements": {"send_bytes": 2684354560, "signers": None, "envelopes": True},
    "holder": {"name": "Bob Castellanos", "email": "bob@aurora.example"},
    "account": {"id": "0199b0e0-55aa-7b3c-9a01-22c4d8e6f801", "name": "Clínica Aurora"},
    "server": "https://valija.example",
    "issued_at": "2026-11-24T09:00:00Z",
    "expires_at": "2027-03-01T00:00:00Z",
    "offline_until": "2026-12-08T09:00:00Z",
}


def signing_key(name: str) -> Ed25519PrivateKey:
    """A key for tests; its seed is the SHA-256 of its name."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


OURS = signing_key("valija test key: ours")
NEXT = signing_key("valija test key: next")
STRANGER = signing_key("valija test key: stranger")


def kid(key: Ed25519PrivateKey) -> str:
    """The name of a key."""
    return hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:16]


def jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    """The public key as a server publishes it."""
    x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid(key), "x": x}


def pae(kind: str, payload: bytes) -> bytes:
    """What is signed."""
    return f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload


def b64(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode()


def signature(key: Ed25519PrivateKey, payload: bytes, kind: str = TYPE) -> dict[str, str]:
    """One entry of `signatures`."""
    return {"keyid": kid(key), "sig": b64(key.sign(pae(kind, payload)))}


def envelope(payload: dict[str, Any] | bytes, *keys: Ed25519PrivateKey) -> dict[str, Any]:
    """A signed license file."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    return {
        "payload": b64(data),
        "payloadType": TYPE,
        "signatures": [signature(key, data) for key in keys or (OURS,)],
    }


def without(name: str) -> dict[str, Any]:
    """The payload without one of its fields."""
    return {key: value for key, value in PAYLOAD.items() if key != name}


def cases() -> list[dict[str, Any]]:
    """Name, license file and how it must be judged."""
    data = json.dumps(PAYLOAD, ensure_ascii=False).encode()
    good = envelope(PAYLOAD)
    sig = good["signatures"][0]["sig"]
    other = envelope({**PAYLOAD, "plan": {"code": "advanced", "name": "Advanced", "kind": "personal"}})
    bare = {"keyid": kid(OURS), "sig": b64(OURS.sign(data))}
    flipped = data.replace(b'"Pro"', b'"Prp"')
    listed: list[tuple[str, Any, str]] = [
        ("as the server signs it", good, "good"),
        ("a field this version does not know", envelope({**PAYLOAD, "later": [1, 2]}), "good"),
        ("signed by the next key", envelope(PAYLOAD, NEXT), "good"),
        ("signed by a stranger and by us", envelope(PAYLOAD, STRANGER, OURS), "good"),
        (
            "a signature that does not fit beside one that does",
            {
                **good,
                "signatures": [{"keyid": kid(NEXT), "sig": sig}, *good["signatures"]],
            },
            "good",
        ),
        ("fractions of a second", envelope({**PAYLOAD, "issued_at": "2026-11-24T09:00:00.123456Z"}), "good"),
        ("one byte of the payload changed", {**good, "payload": b64(flipped)}, "changed"),
        ("payload of another file", {**good, "payload": other["payload"]}, "changed"),
        ("signature of another file", {**good, "signatures": other["signatures"]}, "changed"),
        ("signed without the envelope's encoding", {**good, "signatures": [bare]}, "changed"),
        ("signed as another type", {**good, "signatures": [signature(OURS, data, "text/plain")]}, "changed"),
        (
            "signature too short",
            {**good, "signatures": [{"keyid": kid(OURS), "sig": b64(b"\0" * 63)}]},
            "changed",
        ),
        (
            "signature of zeros",
            {**good, "signatures": [{"keyid": kid(OURS), "sig": b64(b"\0" * 64)}]},
            "changed",
        ),
        (
            "a stranger under our name",
            {
                **good,
                "signatures": [{**signature(STRANGER, data), "keyid": kid(OURS)}],
            },
            "changed",
        ),
        ("signed by a stranger", envelope(PAYLOAD, STRANGER), "unknown_key"),
        ("not signed", {**good, "signatures": []}, "unknown_key"),
        ("version 2", envelope({**PAYLOAD, "version": 2}), "newer"),
        ("version as text", envelope({**PAYLOAD, "version": "1"}), "unreadable"),
        ("version true", envelope({**PAYLOAD, "version": True}), "unreadable"),
        ("another payload type", {**good, "payloadType": "application/json"}, "unreadable"),
        ("no payload", {key: good[key] for key in ("payloadType", "signatures")}, "unreadable"),
        ("signatures is no list", {**good, "signatures": good["signatures"][0]}, "unreadable"),
        ("signature without a key name", {**good, "signatures": [{"sig": sig}]}, "unreadable"),
        (
            "base64 with other last bits",
            {
                **good,
                "signatures": [
                    {"keyid": kid(OURS), "sig": sig[:-3] + chr(ord(sig[-3]) + 1) + "=="},
                ],
            },
            "unreadable",
        ),
        (
            "base64 without its padding",
            {**good, "signatures": [{"keyid": kid(OURS), "sig": sig[:-2]}]},
            "unreadable",
        ),
        (
            "base64 for addresses",
            {**good, "payload": base64.urlsafe_b64encode(b"\xff\xfe" + data).decode()},
            "unreadable",
        ),
        ("base64 with a line break", {**good, "payload": good["payload"] + "\n"}, "unreadable"),
        ("payload is no JSON", envelope(b"Pro, until March"), "unreadable"),
        ("payload is no UTF-8", envelope(b'{"version": 1, "device": "\xff"}'), "unreadable"),
        ("payload is a list", envelope(b"[1]"), "unreadable"),
        ("no expiry", envelope(without("expires_at")), "unreadable"),
        ("plan as text", envelope({**PAYLOAD, "plan": "Pro"}), "unreadable"),
        ("holder without address", envelope({**PAYLOAD, "holder": {"name": "Bob"}}), "unreadable"),
        ("entitlements as a list", envelope({**PAYLOAD, "entitlements": []}), "unreadable"),
        ("time without a zone", envelope({**PAYLOAD, "expires_at": "2027-03-01T00:00:00"}), "unreadable"),
        (
            "time in another zone",
            envelope({**PAYLOAD, "expires_at": "2027-03-01T00:00:00+01:00"}),
            "unreadable",
        ),
        (
            "a day that does not exist",
            envelope({**PAYLOAD, "expires_at": "2027-02-30T00:00:00Z"}),
            "unreadable",
        ),
        ("nothing", None, "unreadable"),
        ("a text", "license", "unreadable"),
        ("a list", [], "unreadable"),
    ]
    return [{"name": name, "license_file": file, "outcome": outcome} for name, file, outcome in listed]


MOMENTS = [
    ("just issued", "2026-11-24T09:00:00Z", None, "good"),
    ("a week later", "2026-12-01T09:00:00Z", "2026-11-30T09:00:00Z", "good"),
    ("the last second of the grace", "2026-12-08T08:59:59Z", None, "good"),
    ("the grace is over", "2026-12-08T09:00:00Z", None, "offline_too_long"),
    ("the license is over", "2027-03-01T00:00:00Z", None, "expired"),
    ("a clock that is a little slow", "2026-11-24T08:10:00Z", None, "good"),
    ("a clock before the file was issued", "2026-11-24T07:59:59Z", None, "clock_set_back"),
    ("a clock set back by a day", "2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z", "clock_set_back"),
    (
        "a clock set back a little, over the edge",
        "2026-12-08T08:30:00Z",
        "2026-12-08T09:10:00Z",
        "offline_too_long",
    ),
    ("a clock set back from after the end", "2026-12-01T09:00:00Z", "2027-03-02T00:00:00Z", "clock_set_back"),
]


def document() -> str:
    """The whole file."""
    names = ("name", "now", "latest_seen", "standing")
    stray = {**jwk(STRANGER), "kid": "0" * 16}  # under a name that is not its own: never used
    rsa = {"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}
    content = {
        "about": "Written by make_license_files.py. The keys are for tests only.",
        "keys": {"keys": [rsa, jwk(OURS), jwk(NEXT), stray]},
        "payload": PAYLOAD,
        "cases": cases(),
        "moments": [dict(zip(names, moment, strict=True)) for moment in MOMENTS],
        "pae": [
            {
                "type": "http://example.com/HelloWorld",
                "payload": "hello world",
                "encoded": "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
            },
            {"type": TYPE, "payload": "ñ", "encoded": f"DSSEv1 38 {TYPE} 2 ñ"},
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
    print(f"{TARGET.name}: {len(cases())} license files, {len(MOMENTS)} moments")
