"""Data of journal entries and letters: stored as facts, put into words for each reader."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, override

from valija.core.money import Money, in_words

Stored = str | int | dict[str, Any]


@dataclass(frozen=True)
class Told:
    """A sentence with data of its own, to be put into words for each reader."""

    sentence: str | Promise
    data: dict[str, object]


def store(value: object) -> Stored:
    """A value as JSON that can be shown in any language later."""
    match value:
        case bool() | int():
            return int(value)
        case Money():
            return {"money": [value.amount, value.currency]}
        case datetime():
            return {"time": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case list():
            return {"list": [store(item) for item in value]}
        case Promise():
            with override(None):
                return {"say": str(value)}
        case Told():
            return {"told": [store(value.sentence), stored(value.data)]}
    return str(value)


def show(value: Stored) -> str | int:
    """A stored value in the active language and time zone."""
    if not isinstance(value, dict):
        return value
    match next(iter(value.items())):
        case ("money", [amount, currency]):
            return in_words(amount, currency)
        case ("time", text):
            return day(datetime.fromisoformat(text))
        case ("date", text):
            return day(date.fromisoformat(text))
        case ("list", items):
            return ", ".join(str(show(item)) for item in items)
        case ("say", text):
            return gettext(text) if text else ""
        case ("told", [sentence, data]):
            return str(show(sentence)) % shown(data)
    return str(value)


def stored(data: dict[str, object]) -> dict[str, Stored]:
    return {name: store(value) for name, value in data.items()}


def shown(data: dict[str, Stored]) -> dict[str, str | int]:
    return {name: show(value) for name, value in data.items()}


def day(moment: date | datetime, zone: ZoneInfo | None = None) -> str:
    """A day with its month in words: 1 de marzo de 2027, March 1, 2027, 1 mars 2027."""
    if isinstance(moment, datetime):
        moment = timezone.localtime(moment, zone).date()
    return format_date(moment, "long", locale=(get_language() or "en").replace("-", "_"))
