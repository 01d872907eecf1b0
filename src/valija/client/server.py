"""The activation protocol over HTTP (docs/formats.md): four requests, and every answer that is not the right one."""

import contextlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from valija.client import messages

PATIENCE = httpx.Timeout(20, connect=8)
HURRY = httpx.Timeout(4, connect=2)  # for renewing by the way: the user asked for something else

SENTENCES = {
    "activation_code_wrong": messages.CODE_WRONG,
    "activation_code_used": messages.CODE_USED,
    "activation_code_expired": messages.CODE_EXPIRED,
    "activation_code_replaced": messages.CODE_REPLACED,
    "license_suspended": messages.LICENSE_SUSPENDED,
    "license_withdrawn": messages.LICENSE_WITHDRAWN,
    "too_many_devices": messages.TOO_MANY_DEVICES,
    "too_many_attempts": messages.TOO_MANY_ATTEMPTS,
}


def version() -> str:
    """The version of this program; a checkout that is not installed has none."""
    try:
        return importlib.metadata.version("valija")
    except importlib.metadata.PackageNotFoundError:
        return "0"


@dataclass(frozen=True, slots=True)
class Device:
    """Another device on which the license is at work; `id` names it to the server."""

    id: str
    name: str
    last_seen: datetime | None


class Refused(messages.Problem):
    """The server understood and said no. Where there are too many devices, it lists them."""

    def __init__(self, code: str, detail: str | None, status: int, devices: Sequence[Device] = ()) -> None:
        super().__init__(code=code)
        self.code, self.detail, self.status, self.devices = code, detail, status, tuple(devices)

    @property
    def suspends(self) -> bool:
        """Whether the license rests until it is paid; the activation stays."""
        return self.code == "license_suspended"

    @property
    def ends_the_activation(self) -> bool:
        """Whether the server no longer knows this activation, as against: not now."""
        return self.status == 401 or self.code in ("license_withdrawn", "activation_ended")

    def told(self, language: str) -> str:
        """The server's own words, which are in the user's language already."""
        return self.detail or messages.say(
            SENTENCES.get(self.code, messages.REFUSED), language, code=self.code
        )


class Unreachable(messages.Problem):
    """Nobody answers."""

    exit_code = 3
    code = "unreachable"
    sentence = messages.UNREACHABLE


class CertificateRefused(Unreachable):
    """Somebody answers who cannot prove to be the server."""

    code = "certificate"
    sentence = messages.CERTIFICATE


class NotAValijaServer(Unreachable):
    """Something else answers."""

    code = "not_valija"
    sentence = messages.NOT_VALIJA


class ServerTrouble(Unreachable):
    """The server answers that it has failed."""

    code = "server_trouble"
    sentence = messages.SERVER_TROUBLE


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server gives to a device: the envelope and the keys that check it, and once the token."""

    license_file: object
    keys: object
    token: str = ""


class Server:
    """A Valija server, spoken to in the user's language."""

    def __init__(self, address: str, language: str, timeout: httpx.Timeout = PATIENCE) -> None:
        self.address = address
        self.language = language
        self.timeout = timeout

    def activate(self, code: str, device: str, instead_of: str = "") -> Answer:
        """Exchange a code for a license file and a token. The code works once.

        `instead_of` is the `id` of a device to let go, from a refusal that there are too many.
        """
        asked = {"code": code, "device": device} | ({"instead_of": instead_of} if instead_of else {})
        body = self._ask("POST", "/activations", json=asked, good=201)
        token = body.get("token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise NotAValijaServer(server=self.address)
        return self._answer(body, token)

    def renew(self, token: str) -> Answer:
        """A new license file for this activation."""
        return self._answer(self._ask("POST", "/activations/current/renew", token=token, good=200))

    def deactivate(self, token: str) -> None:
        """End this activation."""
        self._ask("DELETE", "/activations/current", token=token, good=204)

    def _answer(self, body: dict[str, Any], token: str = "") -> Answer:
        if "license_file" not in body or "keys" not in body:
            raise NotAValijaServer(server=self.address)
        return Answer(body["license_file"], body["keys"], token)

    def _ask(
        self, method: str, path: str, *, good: int, json: object = None, token: str = ""
    ) -> dict[str, Any]:
        headers = {
            "Accept": "application/json, application/problem+json",
            "Accept-Language": self.language,
            "User-Agent": f"valija/{version()}",
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = httpx.request(
                method, f"{self.address}/api/v1{path}", json=json, headers=headers, timeout=self.timeout
            )
        except (httpx.InvalidURL, UnicodeError):  # no name of a host
            raise NotAValijaServer(server=self.address) from None
        except httpx.ConnectError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise CertificateRefused(server=self.address) from None
            raise Unreachable(server=self.address) from None
        except httpx.RemoteProtocolError:
            raise NotAValijaServer(server=self.address) from None
        except httpx.HTTPError:
            raise Unreachable(server=self.address) from None
        body = self._body(answer)
        if answer.status_code != good:
            raise self._refusal(answer, body)
        if body is None:
            raise NotAValijaServer(server=self.address)
        return body

    def _body(self, answer: httpx.Response) -> dict[str, Any] | None:
        if answer.status_code == 204:
            return {}
        try:
            body = answer.json()
        except (ValueError, RecursionError):
            return None
        return body if isinstance(body, dict) else None

    def _refusal(self, answer: httpx.Response, body: dict[str, Any] | None) -> messages.Problem:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        status = answer.status_code
        if kind == "application/problem+json" and body is not None and 400 <= status < 500:
            said = [body.get("detail"), body.get("title")]
            detail = next((text for text in said if isinstance(text, str) and text.strip()), None)
            return Refused(str(body.get("code") or status), detail, status, _devices(body.get("devices")))
        if status == 429:
            return Refused("too_many_attempts", None, status)
        if status >= 500:
            return ServerTrouble(server=self.address, status=str(status))
        return NotAValijaServer(server=self.address)


def _devices(listed: object) -> list[Device]:
    """The devices that a refusal names; what is not one is passed over."""
    found = []
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(each.get("id"), str) and isinstance(each.get("device"), str):
            found.append(Device(each["id"], each["device"], _moment(each.get("last_seen_at"))))
    return found


def _moment(text: object) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else None
    return None
