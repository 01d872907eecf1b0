"""Long lists to choose from, in the reader's language: time zones and the countries of text messages."""

from functools import cache
from importlib import resources

import phonenumbers
from babel import Locale
from babel.dates import get_timezone_location
from django.utils.text import slugify
from django.utils.translation import gettext

Choice = tuple[str, str]
Group = tuple[str, list[Choice]]

# The first part of a zone's name, and the code of the part of the world in Babel.
_WORLD = {
    "Europe": "150", "America": "019", "Africa": "002", "Asia": "142", "Australia": "009", "Pacific": "009",
    "Antarctica": "AQ",
}  # fmt: skip


@cache
def time_zones(language: str) -> list[Group]:
    """One group for each part of the world, the cities in the order of the alphabet."""
    locale = Locale.parse(language)
    groups: dict[str, list[Choice]] = {}
    for zone in _zones():
        world = _WORLD.get(zone.partition("/")[0])
        title = (
            locale.territories[world] if world else gettext("Islands of the Atlantic and the Indian Ocean")
        )
        groups.setdefault(title, []).append(
            (zone, get_timezone_location(zone, locale=locale, return_city=True))
        )
    return [(title, sorted(groups[title], key=_alphabet)) for title in sorted(groups)] + [
        ("UTC", [("UTC", "UTC")])
    ]


@cache
def calling_countries(language: str) -> list[Choice]:
    """Every country with its prefix: España (+34)."""
    territories = Locale.parse(language).territories
    regions = [code for code in phonenumbers.SUPPORTED_REGIONS if code in territories]
    named = [
        (code, f"{territories[code]} (+{phonenumbers.country_code_for_region(code)})") for code in regions
    ]
    return sorted(named, key=_alphabet)


def _zones() -> list[str]:
    """The zones in use, without their old names."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text()
    return [line.split("\t")[2] for line in table.splitlines() if not line.startswith("#")]


def _alphabet(choice: Choice) -> str:
    return slugify(choice[1])
