"""A small server on loopback that speaks the activation protocol with a real key, and the command as a user runs it."""

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vectors.make_license_files import PAYLOAD, envelope, jwk
from valija.client import activation
from valija.client.main import main

GOOD_CODE = "7Q2M-K8TR-4NXW-P3HD"
REFUSALS = {
    "0000-0000-0000-0001": (409, "activation_code_used", "Ese código ya se usó el martes."),
    "0000-0000-0000-0002": (409, "license_withdrawn", "Esa licencia se retiró el martes."),
    "0000-0000-0000-0003": (409, "activation_code_expired", "Ese código caducó el martes."),
    "0000-0000-0000-0004": (409, "too_many_devices", "Ya está en 3 dispositivos."),
    "0000-0000-0000-0005": (429, "too_many_attempts", "Espere 5 minutos."),
}


def rfc3339(moment: datetime) -> str:
    """As the server writes times."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass
class FakeValija:
    """What the server knows. Tests change it to make it answer otherwise."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    days: int = 90
    issued: datetime | None = None
    activations: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    withdrawn: bool = False
    suspended: bool = False
    most: int = 10  # devices
    sentences: bool = True
    spoil: bool = False
    raw: tuple[int, str, bytes] | None = None
    address: str = ""

    def license_file(self, token: str) -> dict[str, Any]:
        """A license file as of now."""
        now = (self.issued or datetime.now(UTC)).replace(microsecond=0)
        expires = now + timedelta(days=self.days)
        offline_until = min(expires, now + timedelta(days=14))
        times = {
            "issued_at": rfc3339(now),
            "expires_at": rfc3339(expires),
            "offline_until": rfc3339(offline_until),
        }
        signed = envelope({**PAYLOAD, **self.activations[token], "server": self.address, **times}, self.key)
        if self.spoil:
            signed["payload"] = envelope({**PAYLOAD, "device": "another"}, self.key)["payload"]
        return {"license_file": signed, "keys": {"keys": [jwk(self.key)]}}

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: Any
    ) -> tuple[int, dict[str, Any] | None]:
        """Status and body; a body with a `code` is a refusal."""
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if (method, path) == ("POST", "/api/v1/activations"):
            return self.activate(body)
        if token not in self.activations:
            return 401, self.refusal("activation_ended", "Esta activación ha terminado.")
        if self.withdrawn:
            return 409, self.refusal("license_withdrawn", "Esa licencia se retiró el martes.")
        if self.suspended and method == "POST":
            return 409, self.refusal("license_suspended", "La renovación no se pagó.")
        if (method, path) == ("POST", "/api/v1/activations/current/renew"):
            return 200, self.license_file(token)
        if (method, path) == ("DELETE", "/api/v1/activations/current"):
            del self.activations[token]
            return 204, None
        return 404, self.refusal("not_found", "No existe.")

    def activate(self, body: Any) -> tuple[int, dict[str, Any]]:
        """One code is good, some are refused for a reason, all others are wrong."""
        if body["code"] in REFUSALS:
            status, code, detail = REFUSALS[body["code"]]
            return status, self.refusal(code, detail)
        if body["code"] != GOOD_CODE:
            return 404, self.refusal("activation_code_wrong", "Ese código no es correcto.")
        living = {f"choice-{each['device']}": token for token, each in self.activations.items()}
        self.activations.pop(living.get(body.get("instead_of"), ""), None)
        if len(self.activations) >= self.most:
            return 409, self.refusal("too_many_devices", "Ya está en todos.") | {"devices": self.devices()}
        token = uuid.uuid4().hex
        self.activations[token] = {"activation": str(uuid.uuid4()), "device": body["device"]}
        return 201, {
            "activation": self.activations[token]["activation"],
            "token": token,
            **self.license_file(token),
        }

    def devices(self) -> list[dict[str, str]]:
        """As the refusal lists them."""
        names = [each["device"] for each in self.activations.values()]
        return [
            {"id": f"choice-{name}", "device": name, "last_seen_at": "2026-11-20T09:30:00+00:00"}
            for name in names
        ]

    def refusal(self, code: str, detail: str) -> dict[str, Any]:
        """The body of a problem+json."""
        return {"code": code, "title": "Refused", "detail": detail} if self.sentences else {"code": code}


class Handler(BaseHTTPRequestHandler):
    """HTTP around FakeValija."""

    valija: FakeValija

    def handle_any(self) -> None:
        """Answer any method."""
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.valija.requests.append((self.command, self.path, headers, body))
        if self.valija.raw:
            status, kind, data = self.valija.raw
        else:
            status, answer = self.valija.answer(self.command, self.path, headers, body)
            kind = "application/problem+json" if status >= 400 else "application/json"
            data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@dataclass
class Running:
    """A FakeValija that listens, and how to stop it."""

    valija: FakeValija
    http: ThreadingHTTPServer

    @property
    def link(self) -> str:
        """The link of the e-mail."""
        return f"{self.valija.address}/activate#{GOOD_CODE}"

    def stop(self) -> None:
        """From now on nobody answers."""
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Running]:
    """A server on loopback."""
    valija = FakeValija()
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Handler,), {"valija": valija}))
    http.daemon_threads = True
    valija.address = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    running = Running(valija, http)
    yield running
    running.stop()


@dataclass(frozen=True)
class Ended:
    """What a run of the command said."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """What it said with --json."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


class Device:
    """A device of a user: its folder, its clock, and the command."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.home = home
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def valija(self, *arguments: str) -> Ended:
        """Run `valija` with these arguments."""
        self.capsys.readouterr()
        exit_code = main(arguments)
        captured = self.capsys.readouterr()
        return Ended(exit_code, captured.out, captured.err)

    def later(self, **duration: float) -> None:
        """Set the clock ahead, or back."""
        moment = datetime.now(UTC) + timedelta(**duration)
        self.monkeypatch.setattr(activation, "clock", lambda: moment)

    def file(self, name: str) -> Any:
        """A JSON file of the folder."""
        return json.loads((self.home / name).read_text("utf-8"))


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Device:
    """Bob's computer."""
    home = tmp_path / "valija"
    monkeypatch.setenv("VALIJA_CLIENT_HOME", str(home))
    monkeypatch.delenv("VALIJA_SERVER", raising=False)
    for name in ("LC_ALL", "LC_MESSAGES", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    return Device(home, monkeypatch, capsys)
