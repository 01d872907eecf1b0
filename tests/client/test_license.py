"""valija license and valija deactivate: what the device shows, with and without a connection."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.client.conftest import Device, Running
from tests.vectors.make_license_files import STRANGER, jwk
from valija.client import messages
from valija.client.messages import say
from valija.client.store import Store


@pytest.fixture
def activated(server: Running, device: Device) -> Device:
    """Bob's computer with a license."""
    assert device.valija("activate", server.link, "--device", "Portátil").exit_code == 0
    server.valija.requests.clear()
    return device


def test_without_a_license_it_says_how_to_get_one(device: Device) -> None:
    for command in ("license", "deactivate"):
        ended = device.valija(command)
        assert (ended.exit_code, ended.err.strip()) == (1, messages.NO_LICENSE.en)
    assert device.valija("license", "--json").json["standing"] == "no_license"


def test_the_license_is_shown_without_a_server(server: Running, activated: Device) -> None:
    server.stop()
    ended = activated.valija("license")
    assert ended.exit_code == 0, ended.err
    for part in ("Pro", "Bob Castellanos <bob@aurora.example>", "Clínica Aurora", "Portátil", "it fits"):
        assert part in ended.out
    assert ended.out.rstrip().endswith("The license is valid.")
    assert server.valija.requests == []


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("es", ("Paquete", "Titular", "Caduca", "La licencia es válida.")),
        ("en", ("Plan", "Holder", "Expires", "The license is valid.")),
        ("fr", ("Forfait", "Titulaire", "Expire", "La licence est valable.")),
    ],
)
def test_it_speaks_the_users_language(
    activated: Device, monkeypatch: pytest.MonkeyPatch, language: str, parts: tuple[str, ...]
) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}_XX.UTF-8")
    shown = activated.valija("license").out
    assert all(part in shown for part in parts)
    monkeypatch.setenv("LC_ALL", "C")
    assert activated.valija("license", "--lang", language).out == shown


def test_programs_read_it_as_json(activated: Device) -> None:
    told = activated.valija("license", "--json").json
    assert (told["standing"], told["valid"], told["signature"]) == ("good", True, "verified")
    assert told["plan"] == {"code": "pro", "name": "Pro", "kind": "personal"}
    assert told["holder"] == {"name": "Bob Castellanos", "email": "bob@aurora.example"}
    assert told["account"]["name"] == "Clínica Aurora"
    assert told["expires_at"].endswith("Z")


def test_it_is_renewed_by_the_way_when_half_the_grace_is_over(server: Running, activated: Device) -> None:
    activated.later(days=6)
    assert activated.valija("license", "--json").json["renewed"] is False
    activated.later(days=8)
    server.valija.issued = datetime.now(UTC) + timedelta(days=8)
    ended = activated.valija("license")
    assert messages.RENEWED.en in ended.out
    activated.later(days=20)
    assert activated.valija("license", "--offline").exit_code == 0


def test_without_a_connection_it_is_quietly_not_renewed(server: Running, activated: Device) -> None:
    server.stop()
    activated.later(days=8)
    ended = activated.valija("license")
    assert (ended.exit_code, ended.err) == (0, "")


def test_offline_asks_nobody(server: Running, activated: Device) -> None:
    activated.later(days=20)
    ended = activated.valija("license", "--offline")
    assert (ended.exit_code, server.valija.requests) == (4, [])


def test_online_renews_at_once(server: Running, activated: Device) -> None:
    ended = activated.valija("license", "--online", "--json")
    assert (ended.exit_code, ended.json["renewed"]) == (0, True)
    assert [r[:2] for r in server.valija.requests] == [("POST", "/api/v1/activations/current/renew")]


def test_online_without_a_connection_says_so_and_still_shows_the_license(
    server: Running, activated: Device
) -> None:
    server.stop()
    ended = activated.valija("license", "--online")
    assert (ended.exit_code, "Clínica Aurora" in ended.out) == (3, True)
    assert ended.err.strip() == say(messages.UNREACHABLE, "en", server=server.valija.address)


def test_the_grace_ends(server: Running, activated: Device) -> None:
    server.stop()
    activated.later(days=15)
    ended = activated.valija("license")
    assert ended.exit_code == 4
    assert "without a connection until" in ended.out
    assert "valija license --online" in ended.out


def test_a_suspended_license_rests_says_so_and_comes_back(server: Running, activated: Device) -> None:
    server.valija.suspended = True
    activated.later(days=8)
    ended = activated.valija("license")
    assert ended.exit_code == 4
    assert "La renovación no se pagó." in ended.out
    server.valija.requests.clear()
    ended = activated.valija("license", "--offline", "--json")
    assert (ended.exit_code, ended.json["standing"], server.valija.requests) == (4, "suspended", [])
    assert activated.valija("license", "--online").exit_code == 1
    server.valija.suspended = False
    ended = activated.valija("license", "--json")  # asked about each time, due or not
    assert (ended.exit_code, ended.json["standing"], ended.json["renewed"]) == (0, "good", True)


def test_a_suspended_license_can_still_be_let_go(server: Running, activated: Device) -> None:
    server.valija.suspended = True
    assert activated.valija("deactivate").exit_code == 0
    assert server.valija.activations == {}


def test_an_expired_license_says_what_to_do(server: Running, activated: Device) -> None:
    server.stop()
    activated.later(days=91)
    ended = activated.valija("license", "--json")
    assert (ended.exit_code, ended.json["standing"], ended.json["valid"]) == (4, "expired", False)
    assert "Ask your administrator to renew it" in ended.json["message"]


def test_a_clock_set_back_is_noticed(server: Running, activated: Device) -> None:
    server.stop()
    activated.later(days=10)
    assert activated.valija("license").exit_code == 0
    activated.later(days=5)
    ended = activated.valija("license", "--json")
    assert (ended.exit_code, ended.json["standing"]) == (4, "clock_set_back")
    assert "was set back" in ended.json["message"]
    activated.later(days=10, hours=1)
    assert activated.valija("license").exit_code == 0


def test_a_clock_that_once_ran_ahead_does_not_block_the_license_for_ever(
    server: Running, activated: Device
) -> None:
    activated.later(days=2000)
    activated.valija("license", "--offline")
    activated.later(days=0)
    assert activated.valija("license", "--offline").exit_code == 4
    assert activated.valija("license", "--online").exit_code == 0
    assert activated.valija("license", "--offline").exit_code == 0


def test_a_withdrawn_license_stops_and_says_so_offline_too(server: Running, activated: Device) -> None:
    server.valija.withdrawn = True
    ended = activated.valija("license", "--online")
    assert (ended.exit_code, ended.err.strip()) == (1, "Esa licencia se retiró el martes.")
    server.stop()
    ended = activated.valija("license", "--json")
    assert (ended.exit_code, ended.json["standing"]) == (4, "ended")
    assert "Esa licencia se retiró el martes." in ended.json["message"]


def test_a_withdrawn_license_is_noticed_by_the_way(server: Running, activated: Device) -> None:
    server.valija.withdrawn = True
    activated.later(days=8)
    assert activated.valija("license", "--json").json["standing"] == "ended"


def test_a_refusal_for_now_does_not_end_the_license(server: Running, activated: Device) -> None:
    server.valija.raw = (429, "application/problem+json", b'{"code": "too_many_attempts"}')
    assert activated.valija("license", "--online").exit_code == 1
    assert activated.valija("license").exit_code == 0


def test_a_changed_byte_is_told_and_cured_by_the_server(activated: Device) -> None:
    path = activated.home / "license.json"
    text = path.read_text()
    payload = activated.file("license.json")["license_file"]["payload"]
    path.write_text(text.replace(payload, payload[:40] + ("A" if payload[40] != "A" else "B") + payload[41:]))
    ended = activated.valija("license")
    assert (ended.exit_code, ended.out, ended.err.strip()) == (4, "", messages.FILE_CHANGED.en)
    assert activated.valija("license", "--online").exit_code == 0
    assert activated.valija("license").exit_code == 0


def test_a_file_signed_by_a_key_not_known_is_told(activated: Device) -> None:
    kept = activated.file("license.json") | {"keys": {"keys": [jwk(STRANGER)]}}
    (activated.home / "license.json").write_text(json.dumps(kept))
    ended = activated.valija("license")
    assert (ended.exit_code, ended.err.strip()) == (4, messages.FILE_UNKNOWN_KEY.en)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"license_file": 3}', "\0", "[" * 100_000])
def test_a_damaged_file_is_told(activated: Device, content: str) -> None:
    (activated.home / "license.json").write_text(content)
    ended = activated.valija("license")
    assert (ended.exit_code, ended.err.strip()) == (4, messages.FILE_UNREADABLE.en)


def test_the_server_may_change_its_key(server: Running, activated: Device) -> None:
    server.valija.key = Ed25519PrivateKey.generate()
    assert activated.valija("license", "--online").exit_code == 0
    assert activated.valija("license", "--offline").exit_code == 0


def test_a_renewed_file_that_does_not_fit_leaves_the_old_one(server: Running, activated: Device) -> None:
    server.valija.spoil = True
    assert activated.valija("license", "--online").exit_code == 4
    assert activated.valija("license").exit_code == 0


def test_deactivating_frees_the_device(server: Running, activated: Device) -> None:
    ended = activated.valija("deactivate")
    assert (ended.exit_code, ended.out.strip()) == (0, messages.DEACTIVATED.en)
    assert server.valija.activations == {}
    assert {path.name for path in activated.home.iterdir()} == {"state.json"}
    assert activated.valija("license").exit_code == 1


def test_deactivating_without_a_connection_changes_nothing(server: Running, activated: Device) -> None:
    server.stop()
    assert activated.valija("deactivate").exit_code == 3
    assert activated.valija("license").exit_code == 0


def test_forgetting_needs_no_server(server: Running, activated: Device) -> None:
    server.stop()
    ended = activated.valija("deactivate", "--forget")
    assert (ended.exit_code, ended.out.strip()) == (0, messages.FORGOTTEN.en)
    assert activated.valija("license").exit_code == 1


def test_deactivating_what_the_server_ended_cleans_up(server: Running, activated: Device) -> None:
    server.valija.activations.clear()
    ended = activated.valija("deactivate")
    assert (ended.exit_code, ended.out.strip()) == (0, messages.ALREADY_ENDED.en)
    assert activated.valija("license").exit_code == 1


def test_without_its_token_a_device_shows_the_license_but_cannot_renew(activated: Device) -> None:
    (activated.home / "token").unlink()
    assert activated.valija("license").exit_code == 0
    ended = activated.valija("license", "--online")
    assert (ended.exit_code, ended.err.strip()) == (1, messages.TOKEN_MISSING.en)


def test_what_is_signed_cannot_steer_the_terminal(server: Running, device: Device) -> None:
    device.valija("activate", server.link, "--device", "red\x1b[31m")
    assert "\x1b" not in device.valija("license").out


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(
    activated: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (activated.home / "license.json").read_bytes()

    def fails(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fails)
    ended = activated.valija("license", "--online")
    assert (ended.exit_code, str(activated.home) in ended.err) == (1, True)
    assert (activated.home / "license.json").read_bytes() == before
    assert {path.name for path in activated.home.iterdir()} == {"license.json", "token", "state.json"}


def test_a_damaged_memory_does_not_stop_the_license(activated: Device) -> None:
    for content in ("{", "[]", '{"latest_seen": "yesterday", "server": 3}', '{"latest_seen": 5}'):
        (activated.home / "state.json").write_text(content)
        assert activated.valija("license").exit_code == 0
    assert Store(activated.home).state().latest_seen is not None
