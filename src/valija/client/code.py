"""The activation code and the link that carries it: https://host/activate#7Q2M-K8TR-4NXW-P3HD."""

import ipaddress
import re
from urllib.parse import unquote, urlsplit

from valija.client import messages

# Crockford's base32: no I, L, O or U, because people read codes aloud and type them.
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}")
MISREAD = str.maketrans("ILO", "110")
SEPARATORS = re.compile(r"[\s\-\u2010-\u2015.]+")


class Misunderstood(messages.Problem):
    """What was given makes no sense: the command ends as for any wrong use."""

    exit_code = 2


class NotACode(Misunderstood):
    """Not 16 letters and digits."""

    code = "not_a_code"
    sentence = messages.NOT_A_CODE


class NotAnAddress(Misunderstood):
    """Not an http or https address."""

    code = "not_an_address"
    sentence = messages.NOT_AN_ADDRESS


class NotEncrypted(Misunderstood):
    """An http address of another machine."""

    code = "not_encrypted"
    sentence = messages.NOT_ENCRYPTED


def code_of(text: str) -> str:
    """The code as the server knows it, in fours, however it was typed."""
    plain = SEPARATORS.sub("", text).upper().translate(MISREAD)
    if not CODE.fullmatch(plain):
        raise NotACode(given=text.strip())
    return "-".join(plain[start : start + 4] for start in range(0, 16, 4))


def split_link(link_or_code: str) -> tuple[str | None, str]:
    """The server (where a link names it) and the code."""
    text = link_or_code.strip().strip("<>")
    if "://" not in text:
        return None, code_of(text)
    address, _, fragment = text.partition("#")
    return address.partition("?")[0].rstrip("/").removesuffix("/activate"), code_of(unquote(fragment) or text)


def server_address(text: str, allow_http: bool) -> str:
    """The address of a server without its last slash. The code must not travel in the open to another machine."""
    address = text.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        host = parts.hostname
        usable = parts.scheme in ("http", "https") and bool(host) and (parts.port or 1) > 0
    except ValueError:
        raise NotAnAddress(given=text) from None
    if not usable or parts.query or parts.fragment or parts.username or host is None:
        raise NotAnAddress(given=text)
    if parts.scheme == "http" and not allow_http and not _is_this_machine(host):
        raise NotEncrypted(given=address)
    return address


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
