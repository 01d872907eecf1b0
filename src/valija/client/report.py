"""How a license is shown: as lines for people, as JSON for programs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from valija.client import messages
from valija.client.license_file import License, Standing
from valija.client.messages import day, say
from valija.client.server import Device


def lines(license: License, language: str) -> str:
    """Everything the license says, one line each, labels in a column."""
    rows = [
        (messages.PLAN, license.plan.name),
        (messages.HOLDER, f"{license.holder.name} <{license.holder.email}>"),
        (messages.ACCOUNT, license.account.name),
        (messages.DEVICE, license.device),
        (messages.EXPIRES, day(license.expires_at, language)),
        (messages.OFFLINE_UNTIL, day(license.offline_until, language)),
        (messages.SERIAL, license.license),
        (messages.SERVER, license.server),
        (messages.SIGNATURE, say(messages.SIGNATURE_FITS, language, key=license.key)),
    ]
    labels = [say(label, language) for label, _ in rows]
    width = max(map(len, labels)) + 2
    # What is signed may still hold control characters; a terminal obeys them.
    return "\n".join(
        f"{label:<{width}}{printable(value)}" for label, (_, value) in zip(labels, rows, strict=True)
    )


def verdict(
    license: License,
    stands: Standing,
    language: str,
    *,
    now: datetime,
    seen: datetime | None,
    told: str | None,
) -> str:
    """One sentence: whether the license can be used, and if not, why and what to do."""
    match stands:
        case Standing.GOOD:
            return say(messages.STANDING_GOOD, language)
        case Standing.EXPIRED:
            return say(messages.STANDING_EXPIRED, language, day=day(license.expires_at, language))
        case Standing.OFFLINE_TOO_LONG:
            return say(messages.STANDING_OFFLINE_TOO_LONG, language, day=day(license.offline_until, language))
        case Standing.CLOCK_SET_BACK:
            latest = max(license.issued_at, seen or license.issued_at)
            return say(
                messages.STANDING_CLOCK_SET_BACK, language, seen=day(latest, language), now=day(now, language)
            )
        case Standing.ENDED:
            return say(messages.STANDING_ENDED, language, detail=printable(told or ""))
        case Standing.SUSPENDED:
            return say(messages.STANDING_SUSPENDED, language, detail=printable(told or ""))


def devices(found: Sequence[Device], language: str) -> str:
    """The other devices, numbered, so that one can be chosen."""
    rows = []
    for number, each in enumerate(found, start=1):
        seen = say(messages.LAST_SEEN, language, day=day(each.last_seen, language)) if each.last_seen else ""
        rows.append(f"  {number}  {printable(each.name)}{f' ({seen})' if seen else ''}")
    return "\n".join(rows)


def as_json(license: License, stands: Standing, sentence: str, *, renewed: bool) -> dict[str, Any]:
    """The same for programs; names as in the license file."""
    return {
        "standing": str(stands),
        "valid": stands is Standing.GOOD,
        "message": sentence,
        "signature": "verified",
        "key": license.key,
        "renewed": renewed,
        "license": license.license,
        "activation": license.activation,
        "device": license.device,
        "plan": {"code": license.plan.code, "name": license.plan.name, "kind": license.plan.kind},
        "entitlements": license.entitlements,
        "holder": {"name": license.holder.name, "email": license.holder.email},
        "account": {"id": license.account.id, "name": license.account.name},
        "server": license.server,
        "issued_at": _moment(license.issued_at),
        "expires_at": _moment(license.expires_at),
        "offline_until": _moment(license.offline_until),
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
