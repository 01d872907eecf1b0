"""valija activate: from the link or code of the e-mail to a license on this device."""

import stat

import pytest

from tests.client.conftest import GOOD_CODE, REFUSALS, Device, Running
from valija.client import messages
from valija.client.code import NotACode, NotAnAddress, NotEncrypted, code_of, server_address, split_link
from valija.client.messages import say
from valija.client.server import SENTENCES, Server


def test_bob_activates_with_the_link_of_the_email(server: Running, device: Device) -> None:
    ended = device.valija("activate", server.link, "--device", "Portátil de consulta")
    assert ended.exit_code == 0, ended.err
    assert "Bob Castellanos has the Pro plan on this device." in ended.out
    assert "Clínica Aurora" in ended.out
    assert "Portátil de consulta" in ended.out
    assert [r[:2] for r in server.valija.requests] == [("POST", "/api/v1/activations")]


def test_a_bare_code_needs_to_know_the_server_once(server: Running, device: Device) -> None:
    ended = device.valija("activate", GOOD_CODE)
    assert (ended.exit_code, ended.err.strip()) == (2, messages.SERVER_MISSING.en)
    assert device.valija("activate", GOOD_CODE, "--server", server.valija.address).exit_code == 0
    assert device.valija("deactivate").exit_code == 0
    assert device.valija("activate", GOOD_CODE).exit_code == 0  # remembered


def test_the_environment_can_name_the_server(
    server: Running, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALIJA_SERVER", server.valija.address + "/")
    assert device.valija("activate", GOOD_CODE).exit_code == 0


def test_a_device_has_a_name_even_if_none_is_given(server: Running, device: Device) -> None:
    device.valija("activate", server.link)
    assert server.valija.requests[0][3]["device"]


def test_a_code_copied_with_its_spaces_is_understood(server: Running, device: Device) -> None:
    ended = device.valija("activate", "7q2m", "k8tr", "4nxw", "p3hd", "--server", server.valija.address)
    assert ended.exit_code == 0, ended.err


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_told_in_the_words_of_the_server(server: Running, device: Device, code: str) -> None:
    ended = device.valija("activate", f"{server.valija.address}/activate#{code}", "--lang", "es")
    assert (ended.exit_code, ended.out, ended.err.strip()) == (1, "", REFUSALS[code][2])
    assert server.valija.requests[0][2]["accept-language"] == "es"
    assert not (device.home / "license.json").exists()


def test_a_wrong_code_is_told(server: Running, device: Device) -> None:
    ended = device.valija("activate", f"{server.valija.address}/activate#0000-0000-0000-0009")
    assert (ended.exit_code, ended.err.strip()) == (1, "Ese código no es correcto.")


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_without_words_has_a_sentence_of_our_own(
    server: Running, device: Device, code: str, language: str
) -> None:
    server.valija.sentences = False
    ended = device.valija("--lang", language, "activate", f"{server.valija.address}/activate#{code}")
    assert (ended.exit_code, ended.err.strip()) == (1, say(SENTENCES[REFUSALS[code][1]], language))


def test_a_refusal_nobody_foresaw_names_its_code(server: Running, device: Device) -> None:
    server.valija.raw = (403, "application/problem+json", b'{"code": "moon_is_full"}')
    ended = device.valija("activate", server.link)
    assert (ended.exit_code, "moon_is_full" in ended.err) == (1, True)


def test_too_many_attempts_told_by_a_proxy_is_understood(server: Running, device: Device) -> None:
    server.valija.raw = (429, "text/html", b"slow down")
    ended = device.valija("activate", server.link)
    assert (ended.exit_code, ended.err.strip()) == (1, messages.TOO_MANY_ATTEMPTS.en)


def test_nobody_answers(server: Running, device: Device) -> None:
    server.stop()
    ended = device.valija("activate", server.link)
    assert ended.exit_code == 3
    assert ended.err.strip() == say(messages.UNREACHABLE, "en", server=server.valija.address)


@pytest.mark.parametrize(
    "raw",
    [
        (200, "text/html", b"<h1>Welcome</h1>"),
        (201, "text/html", b"<h1>Welcome</h1>"),
        (201, "application/json", b"[]"),
        (201, "application/json", b"{}"),
        (201, "application/json", b'{"token": "t"}'),
        (201, "application/json", b'{"token": "\\u0000", "license_file": {}, "keys": {}}'),
        (201, "application/json", b"[" * 100_000),
        (404, "text/html", b"<h1>Not Found</h1>"),
        (302, "text/html", b""),
        (204, "text/html", b""),
    ],
)
def test_something_that_is_no_valija_server_answers(
    server: Running, device: Device, raw: tuple[int, str, bytes]
) -> None:
    server.valija.raw = raw
    ended = device.valija("activate", server.link)
    assert ended.err.strip() == say(messages.NOT_VALIJA, "en", server=server.valija.address)
    assert ended.exit_code == 3


def test_a_fault_of_the_server_is_told_as_such(server: Running, device: Device) -> None:
    server.valija.raw = (502, "text/html", b"Bad Gateway")
    ended = device.valija("activate", server.link)
    assert (ended.exit_code, "502" in ended.err) == (3, True)


def test_a_license_file_that_does_not_fit_is_not_kept_and_its_place_is_freed(
    server: Running, device: Device
) -> None:
    server.valija.spoil = True
    ended = device.valija("activate", server.link)
    assert (ended.exit_code, ended.err.strip()) == (4, messages.FILE_CHANGED.en)
    assert not (device.home / "license.json").exists()
    assert not (device.home / "token").exists()
    assert server.valija.activations == {}


def test_a_folder_that_cannot_be_written_is_told_before_the_code_is_spent(
    server: Running, device: Device
) -> None:
    device.home.write_text("a file where the folder should be")
    ended = device.valija("activate", server.link)
    assert (ended.exit_code, str(device.home) in ended.err) == (1, True)
    assert server.valija.requests == []


def test_activating_again_lets_the_old_activation_go(server: Running, device: Device) -> None:
    device.valija("activate", server.link)
    (old,) = server.valija.activations
    device.valija("activate", server.link)
    assert len(server.valija.activations) == 1
    assert old not in server.valija.activations


def test_only_the_user_can_read_what_is_kept(server: Running, device: Device) -> None:
    device.valija("activate", server.link)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in device.home.iterdir()}
    assert modes == {"license.json": 0o600, "token": 0o600, "state.json": 0o600}
    assert stat.S_IMODE(device.home.stat().st_mode) == 0o700


def test_the_token_is_kept_apart_from_the_license_file(server: Running, device: Device) -> None:
    device.valija("activate", server.link)
    (token,) = server.valija.activations
    assert (device.home / "token").read_text().strip() == token
    for name in ("license.json", "state.json"):
        assert token not in (device.home / name).read_text()


def test_codes_are_read_as_people_write_them() -> None:
    for typed in (
        "7Q2M-K8TR-4NXW-P3HD",
        " 7q2mk8tr4nxwp3hd\n",
        "7Q2M K8TR 4NXW P3HD",
        "7Q2M\u2011K8TR\u20134NXW—P3HD",
    ):
        assert code_of(typed) == GOOD_CODE
    assert code_of("OIL0-oil0-OIL0-oil0") == "0110-0110-0110-0110"
    for typed in ("", "7Q2M", "7Q2M-K8TR-4NXW-P3HU", "7Q2M-K8TR-4NXW-P3HD-0", "7Q2M/K8TR/4NXW/P3HD"):
        with pytest.raises(NotACode):
            code_of(typed)


def test_links_are_read_as_mail_programs_hand_them_on() -> None:
    for link, server in (
        ("https://valija.example/activate#7Q2M-K8TR-4NXW-P3HD", "https://valija.example"),
        ("<https://valija.example/activate/#7Q2M-K8TR-4NXW-P3HD>", "https://valija.example"),
        ("https://example.com/valija/activate?lang=es#7Q2M%2DK8TR-4NXW-P3HD", "https://example.com/valija"),
    ):
        assert split_link(link) == (server, GOOD_CODE)
    with pytest.raises(NotACode):
        split_link("https://valija.example/activate")


def test_the_code_does_not_travel_in_the_open() -> None:
    for address in (
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "https://valija.example",
    ):
        assert server_address(address + "/", allow_http=False) == address
    with pytest.raises(NotEncrypted):
        server_address("http://valija.example", allow_http=False)
    assert server_address("http://valija.example", allow_http=True) == "http://valija.example"
    for address in (
        "valija.example",
        "ftp://valija.example",
        "https://",
        "https://a:b@c",
        "https://h:99999",
        "https://[::1",
    ):
        with pytest.raises(NotAnAddress):
            server_address(address, allow_http=False)


def test_an_address_that_cannot_be_asked_is_told() -> None:
    server = Server("https://" + "a" * 70 + ".example", "en")
    with pytest.raises(messages.Problem) as told:
        server.renew("token")
    assert told.value.exit_code == 3
