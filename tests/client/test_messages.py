"""What the client says is complete in three languages."""

import ast
import string
from pathlib import Path

import pytest

from tests.client.conftest import Device
from valija.client import main, messages
from valija.client.messages import LANGUAGES, Sentence, language_of

SENTENCES = {name: value for name, value in vars(messages).items() if isinstance(value, Sentence)}
SAME_IN_TWO = {"PLAN", "SIGNATURE", "DAY", "EXPIRES"}


def names_in(text: str) -> set[str]:
    """The placeholders of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_is_whole_in_three_languages(name: str) -> None:
    sentence = SENTENCES[name]
    assert all(text.strip() for text in sentence)
    assert len({frozenset(names_in(text)) for text in sentence}) == 1
    assert not any("!" in text or "¡" in text for text in sentence)
    assert len(set(sentence)) == 3 or name in SAME_IN_TWO


def test_every_sentence_is_said_somewhere() -> None:
    folder = Path(messages.__file__).parent
    said = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    }
    assert set(SENTENCES) <= said


def test_the_help_fits_a_terminal_and_names_every_option() -> None:
    for text in messages.HELP:
        assert max(map(len, text.splitlines())) <= 96
        for option in (
            "--server",
            "--device",
            "--allow-http",
            "--online",
            "--offline",
            "--json",
            "--forget",
            "--lang",
        ):
            assert option in text


def test_the_language_is_that_of_the_environment() -> None:
    assert language_of({"LANG": "fr_CA.UTF-8"}) == "fr"
    assert language_of({"LC_ALL": "es_ES.UTF-8", "LANG": "fr_CA.UTF-8"}) == "es"
    assert language_of({"LC_ALL": "", "LC_MESSAGES": "es", "LANG": "fr"}) == "es"
    assert language_of({"LC_ALL": "C", "LANG": "fr"}) == "en"
    assert language_of({"LANG": "de_DE"}) == "en"
    assert language_of({}) == "en"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "arguments",
    [
        ["frob"],
        ["license", "extra"],
        ["activate"],
        ["license", "--online", "--offline"],
        ["activate", "--server"],
    ],
)
def test_what_is_not_understood_is_told_in_the_users_language(
    device: Device, language: str, arguments: list[str]
) -> None:
    ended = device.valija("--lang", language, *arguments)
    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err.startswith(getattr(messages.NOT_UNDERSTOOD, language).partition("{")[0])
    assert getattr(messages.HELP, language) in ended.err
    assert "usage:" not in ended.err


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_is_given_in_the_users_language(device: Device, language: str) -> None:
    for arguments in (["--help"], [], ["license", "-h"], ["activate", "--help"]):
        ended = device.valija(*arguments, "--lang", language)
        assert (ended.exit_code, ended.out) == (0, getattr(messages.HELP, language))


def test_a_language_nobody_speaks_is_told(device: Device) -> None:
    ended = device.valija("license", "--lang", "de")
    assert (ended.exit_code, '"de"' in ended.err) == (2, True)


def test_the_version_is_told(device: Device) -> None:
    assert device.valija("--version").out.startswith("valija ")


def test_an_interruption_is_no_fault(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "_run", interrupted)
    assert device.valija("license").exit_code == 130
