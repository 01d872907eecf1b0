"""Spanish, English and French are complete, and say what the printed guide says."""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import polib
from pytest import TempPathFactory, fixture, mark

from tests.architecture.source import PACKAGE

LANGUAGES = ("es", "fr")  # English is the language of the source
# A printed guide tells people to press these.
GUIDE = {
    "Options": ("Opciones", "Options"),
    "License management and purchases": ("Gestión de licencias y compras", "Gestion des licences et achats"),
    "Add": ("Agregar", "Ajouter"),
    "Confirm my purchases": ("Confirmar mis compras", "Confirmer mes achats"),
    "Proceed to purchase": ("Proceder a la compra", "Procéder à l'achat"),
    "User management": ("Administración de usuarios", "Gestion des utilisateurs"),
    "License management": ("Administración de licencias", "Gestion des licences"),
    "Save": ("Guardar", "Enregistrer"),
}


def _path(package: Path, language: str) -> Path:
    return package / "locale" / language / "LC_MESSAGES" / "django.po"


@cache
def catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(_path(PACKAGE, language)))


@fixture(scope="module")
def extracted(tmp_path_factory: TempPathFactory) -> Path:
    """The package as it would be after `bin/messages`."""
    copy = tmp_path_factory.mktemp("messages") / "valija"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("static", "client", "__pycache__", "*.mo"))
    languages = [word for language in LANGUAGES for word in ("-l", language)]
    # Without settings it looks at the copy alone.
    surroundings = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "django", "makemessages", *languages, "--no-location", "--no-obsolete"]
    result = subprocess.run(command, cwd=copy, env=surroundings, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return copy


def _keys(file: polib.POFile) -> set[tuple[str | None, str, str]]:
    return {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in file if not entry.obsolete}


def _translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_every_sentence_and_no_other(language: str, extracted: Path) -> None:
    fresh, ours = _keys(polib.pofile(str(_path(extracted, language)))), _keys(catalogue(language))
    assert (fresh - ours, ours - fresh) == (set(), set()), "run bin/messages"


@mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    missing = [entry.msgid for entry in catalogue(language) if not all(_translations(entry))]
    doubtful = [entry.msgid for entry in catalogue(language) if entry.fuzzy]
    assert (missing, doubtful) == ([], [])


@mark.parametrize("language", LANGUAGES)
def test_a_translation_names_the_same_data(language: str) -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)s|\{\w+\}", text))

    wrong = []
    for entry in catalogue(language):
        sources = names(entry.msgid) | names(entry.msgid_plural)
        for translation in _translations(entry):
            # "One license" need not repeat the number; everything else must be there.
            missing = sources - names(translation) if not entry.msgid_plural else set()
            if translation and (missing or names(translation) - sources):
                wrong.append((entry.msgid, translation))
    assert wrong == []


@mark.parametrize("language", LANGUAGES)
def test_nobody_is_shouted_at(language: str) -> None:
    assert [
        entry.msgid for entry in catalogue(language) if "!" in entry.msgid + "".join(_translations(entry))
    ] == []


@mark.parametrize("label", GUIDE)
def test_labels_read_as_in_the_printed_guide(label: str) -> None:
    found = []
    for language in LANGUAGES:
        entry = next(
            (entry for entry in catalogue(language) if entry.msgid == label and not entry.msgctxt), None
        )
        found.append(entry.msgstr.replace("’", "'") if entry else None)
    assert tuple(found) == GUIDE[label]
