"""Too many devices: the client lists them, asks which one is to let the license go, and goes on."""

import io

import pytest

from tests.client.conftest import Device, Running
from valija.client import messages
from valija.client.messages import say


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def full(server: Running) -> Running:
    """Bob's license is at work on both of the devices that it allows."""
    server.valija.most = 2
    for name in ("Laptop", "Phone"):
        server.valija.activations[f"token-{name}"] = {"activation": name, "device": name}
    return server


def working(server: Running) -> set[str]:
    return {each["device"] for each in server.valija.activations.values()}


def test_a_person_is_asked_and_his_choice_lets_go(
    full: Running, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("2\n"))
    ended = device.valija("activate", full.link, "--device", "Desk")
    assert ended.exit_code == 0, ended.err
    assert "Ya está en todos." in ended.err
    assert "  1  Laptop (last seen 20 November 2026, 09:30 UTC)" in ended.err
    assert working(full) == {"Laptop", "Desk"}
    assert device.file("license.json")["license_file"]


@pytest.mark.parametrize("typed", ["\n", "", "3\n", "0\n", "-1\n", "Tablet\n"])
def test_nothing_chosen_changes_nothing(
    full: Running, device: Device, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    ended = device.valija("activate", full.link, "--device", "Desk")
    assert ended.exit_code == 1
    assert working(full) == {"Laptop", "Phone"}
    assert not (device.home / "license.json").exists()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_where_nobody_can_be_asked_it_says_how(full: Running, device: Device, language: str) -> None:
    ended = device.valija("--lang", language, "activate", full.link)
    assert (ended.exit_code, ended.out) == (1, "")
    assert "Laptop" in ended.err
    assert say(messages.INSTEAD_OF, language) in ended.err
    assert working(full) == {"Laptop", "Phone"}


@pytest.mark.parametrize("chosen", ["1", "Laptop", "choice-Laptop"])
def test_a_number_or_a_name_on_the_command_line(full: Running, device: Device, chosen: str) -> None:
    ended = device.valija("activate", full.link, "--device", "Desk", "--instead-of", chosen)
    assert ended.exit_code == 0, ended.err
    assert working(full) == {"Phone", "Desk"}


def test_a_name_that_is_none_of_them(full: Running, device: Device) -> None:
    ended = device.valija("activate", full.link, "--instead-of", "Tablet")
    assert ended.exit_code == 1
    assert '"Tablet" is none of these devices. Nothing was changed.' in ended.err
    assert working(full) == {"Laptop", "Phone"}


def test_where_there_is_room_a_choice_lets_nothing_go(full: Running, device: Device) -> None:
    full.valija.most = 3
    assert device.valija("activate", full.link, "--device", "Desk", "--instead-of", "Laptop").exit_code == 0
    assert working(full) == {"Laptop", "Phone", "Desk"}


def test_programs_get_the_devices(full: Running, device: Device) -> None:
    ended = device.valija("activate", full.link, "--json")
    assert ended.exit_code == 1
    assert ended.json["standing"] == "too_many_devices"
    assert ended.json["devices"] == [
        {"id": "choice-Laptop", "device": "Laptop"},
        {"id": "choice-Phone", "device": "Phone"},
    ]


def test_a_device_with_a_strange_name_cannot_move_the_cursor(full: Running, device: Device) -> None:
    full.valija.activations["token-Phone"]["device"] = "\x1b[2JPhone"
    assert "\x1b" not in device.valija("activate", full.link).err


def test_a_server_that_lists_nonsense(full: Running, device: Device) -> None:
    for listed in (b'"x"', b"[1, null, {}]", b'[{"id": 1, "device": "x"}]'):
        body = b'{"code": "too_many_devices", "detail": "No.", "devices": %s}' % listed
        full.valija.raw = (409, "application/problem+json", body)
        ended = device.valija("activate", full.link)
        assert (ended.exit_code, ended.err.strip()) == (1, "No.")
