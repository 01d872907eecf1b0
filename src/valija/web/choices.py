"""Long lists to choose from, in the reader's language: time zones and the countries of text messages."""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import phonenumbers
from babel import Locale
from babel.dates import get_timezone_location
from django import forms
from django.forms.utils import flatatt
from django.utils.dateformat import format as formatted
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext

from valija.accounts.models import User

Choice = tuple[str, str]
Group = tuple[str, list[Choice]]


class LongSelect(forms.Select):
    """A select of hundreds of lines: Django's own renders a template for each of them, which takes a tenth of a second."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        lines = format_html_join("", "{}", ((line,) for line in _lines(self.choices, str(value or ""))))
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs({**self.attrs, "name": name}, attrs)), lines
        )


def _lines(choices: Iterable[Any], chosen: str) -> Iterator[SafeString]:
    for value, words in choices:
        if isinstance(words, list):
            yield format_html('<optgroup label="{}">', value)
            yield from _lines(words, chosen)
            yield SafeString("</optgroup>")
        else:
            selected = SafeString(" selected" if value == chosen else "")
            yield format_html('<option value="{}"{}>{}</option>', value, selected, words)


# The first part of a zone's name, and the code of the part of the world in Babel.
_WORLD = {
    "Europe": "150", "America": "019", "Africa": "002", "Asia": "142", "Australia": "009", "Pacific": "009",
    "Antarctica": "AQ",
}  # fmt: skip


def time_zones(language: str, own: str = "") -> list[Choice | Group]:
    """One's own first, then one group for each part of the world, the cities in the order of the alphabet."""
    groups = _time_zones(language)
    names = {zone: city for _title, cities in groups for zone, city in cities}
    if not own:
        return [*groups]
    others = [(title, [city for city in cities if city[0] != own]) for title, cities in groups]
    return [(own, names.get(own, own)), *others]


@cache
def _time_zones(language: str) -> list[Group]:
    locale = Locale.parse(language)
    groups: dict[str, list[Choice]] = {"UTC": [("UTC", "UTC")]}
    for zone in _zones():
        world = _WORLD.get(zone.partition("/")[0])
        title = (
            locale.territories[world] if world else gettext("Islands of the Atlantic and the Indian Ocean")
        )
        groups.setdefault(title, []).append(
            (zone, get_timezone_location(zone, locale=locale, return_city=True))
        )
    return [(title, sorted(groups[title], key=_alphabet)) for title in sorted(groups, key=slugify)]


def countries(language: str, own: str = "") -> list[Choice]:
    """Every country with its prefix, one's own first: España (+34)."""
    everyone = _countries(language)
    return sorted(everyone, key=lambda country: country[0] != own)


@cache
def _countries(language: str) -> list[Choice]:
    territories = Locale.parse(language).territories
    regions = [code for code in phonenumbers.SUPPORTED_REGIONS if code in territories]
    named = [
        (code, f"{territories[code]} (+{phonenumbers.country_code_for_region(code)})") for code in regions
    ]
    return sorted(named, key=_alphabet)


def date_formats(day: date) -> list[Choice]:
    """The orders of day, month and year, each shown by an example."""
    return [(code, formatted(day, code)) for code in User.DateFormat.values]


def _zones() -> list[str]:
    """The zones in use, without their old names."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text()
    return [line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")]


def _alphabet(choice: Choice) -> str:
    return slugify(choice[1])
