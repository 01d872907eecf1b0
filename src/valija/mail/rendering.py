"""A letter in words: its kind's sentences with its data, in its reader's language and time zone."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override

from valija.core import facts, tokens
from valija.mail.kind import Text
from valija.mail.letters import BY_CODE
from valija.mail.models import Letter


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str
    links: list[str]


def render(letter: Letter) -> Rendered:
    """Subject, text, HTML and links of a letter. A letter that has left no longer holds its secrets: «•••» instead."""
    kind = BY_CODE[letter.kind]
    with override(letter.language), timezone.override(ZoneInfo(letter.time_zone)):
        secrets = _secrets(letter, kind.secrets)
        data = facts.shown(letter.data)
        link = secrets.get("link", letter.link)
        words = {
            "subject": str(kind.subject) % data,
            "preheader": str(kind.lines[0]) % data,
            "greeting": gettext("Hello %(name)s,") % {"name": letter.name}
            if letter.name
            else gettext("Hello,"),
            "lines": _sentences(kind.lines, data),
            "button_label": str(kind.button) if link else "",
            "button_url": link,
            "code": secrets.get("code", ""),
            "closing": _sentences(kind.closing, data),
            "footer": gettext("This letter was written by %(provider)s.") % data,
        }
        context = {
            "letter": words,
            "language": letter.language,
            "provider_name": settings.PROVIDER_NAME,
            "url": settings.URL,
        }
        return Rendered(
            subject=str(words["subject"]),
            text=render_to_string("mail/letter.txt", context),
            html=render_to_string("mail/letter.html", context),
            links=[link] if link else [],
        )


def _secrets(letter: Letter, names: Iterable[str]) -> dict[str, str]:
    if letter.secrets:
        found: dict[str, str] = json.loads(tokens.take_out(bytes(letter.secrets)))
        return found
    return dict.fromkeys(names, "•••")


def _sentences(lines: tuple[Text, ...], data: dict[str, str | int]) -> list[str]:
    return [str(line) % data for line in lines]
