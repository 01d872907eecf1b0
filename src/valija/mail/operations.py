"""Letters: written in the transaction of what they tell, sent by the worker."""

import json
import smtplib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.tasks import task

from valija.core import clock, facts, sql, tokens
from valija.mail.letters import Kind
from valija.mail.models import Letter
from valija.mail.rendering import Rendered, render

LEASE = timedelta(minutes=2)  # a worker that dies with a letter in hand gives it back after this
RESTS = (5, 30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600)  # seconds between attempts


class Reader(Protocol):
    """Whom a letter can be written to."""

    account_id: UUID
    email: str
    language: str
    time_zone: str

    @property
    def full_name(self) -> str: ...


Written = tuple[Reader, str, dict[str, str] | None, dict[str, Any]]  # to whom, link, secrets, data


def write_letter(
    kind: Kind, to: Reader, *, link: str = "", secrets: dict[str, str] | None = None, **data: Any
) -> Letter:
    """Put a letter into the outbox; it leaves once the transaction has committed."""
    letter = _letter(kind, to, link, secrets, data)
    letter.save(force_insert=True)
    if settings.MAIL_LEAVES:
        deliver_due.enqueue()
    return letter


def write_letters(kind: Kind, letters: Iterable[Written]) -> None:
    """Put letters of one kind to many people into the outbox."""
    Letter.objects.bulk_create((_letter(kind, *each) for each in letters), batch_size=500)
    if settings.MAIL_LEAVES:
        deliver_due.enqueue()


def _letter(
    kind: Kind, to: Reader, link: str, secrets: dict[str, str] | None, data: dict[str, Any]
) -> Letter:
    if set(secrets or {}) != kind.secrets:
        raise ValueError(f"{kind.code} has the secrets {sorted(kind.secrets)}")
    data |= {"provider": settings.PROVIDER_NAME, "server": settings.URL}
    if missing := kind.names - data.keys():  # better now than when the worker puts it into words
        raise ValueError(f"{kind.code} needs {', '.join(sorted(missing))}")
    return Letter(
        account_id=to.account_id,
        to=to.email,
        name=to.full_name,
        language=to.language,
        time_zone=to.time_zone,
        kind=kind.code,
        link=link,
        secrets=tokens.lock_away(json.dumps(secrets).encode()) if secrets else None,
        data=facts.stored(data),
    )


def forget_letters(address: str) -> None:
    """Remove every letter to an address, sent or waiting: nobody is to know any more who had it."""
    Letter.objects.filter(to=address).delete()


@task
def deliver_due() -> dict[str, int]:
    """Send every letter that is due, each claimed under a lease."""
    sent = failed = 0
    while settings.MAIL_LEAVES and (letter := _claim()):
        if deliver(letter):
            sent += 1
        else:
            failed += 1
    return {"sent": sent, "failed": failed}


@transaction.atomic
def _claim() -> Letter | None:
    now = clock.now()
    letter = sql.locked_first(Letter.objects.due(now))
    if letter is None:
        return None
    letter.due_at = now + LEASE
    letter.attempts += 1
    letter.save(update_fields=["due_at", "attempts"])
    return letter


def deliver(letter: Letter) -> bool:
    """Hand one letter to the mail server; forget its secrets when it is gone, rest and try again when it is not."""
    try:
        _message(render(letter), letter).send()
    except (OSError, smtplib.SMTPException) as error:
        _put_off(letter, error)
        return False
    letter.sent_at = clock.now()
    letter.secrets = None
    letter.error = ""
    letter.save(update_fields=["sent_at", "secrets", "error"])
    return True


def _put_off(letter: Letter, error: Exception) -> None:
    letter.error = f"{type(error).__name__}: {error}"[:300]
    if letter.attempts > len(RESTS):
        letter.given_up_at = clock.now()
    else:
        letter.due_at = clock.now() + timedelta(seconds=RESTS[letter.attempts - 1])
    letter.save(update_fields=["error", "given_up_at", "due_at"])


def _message(rendered: Rendered, letter: Letter) -> EmailMultiAlternatives:
    domain = settings.MAIL_FROM.rpartition("@")[2].strip("> ") or "localhost"
    message = EmailMultiAlternatives(
        rendered.subject,
        rendered.text,
        settings.MAIL_FROM,
        [letter.to],
        # The same identity at each attempt: a receiver that got it twice can tell.
        headers={
            "Message-ID": f"<{letter.pk}@{domain}>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": letter.language,
        },
    )
    message.attach_alternative(rendered.html, "text/html")
    return message


def outbox(*, to: str = "", after: UUID | None = None) -> Iterator[dict[str, Any]]:
    """The letters in the order they were written, put into words; secrets only of those that have not left."""
    letters = Letter.objects.order_by("id")
    if to:
        letters = letters.filter(to=to)
    if after:
        letters = letters.filter(pk__gt=after)
    for letter in letters.iterator(chunk_size=200):
        rendered = render(letter)
        yield {
            "id": str(letter.pk),
            "to": letter.to,
            "subject": rendered.subject,
            "text": rendered.text,
            "links": rendered.links,
            "language": letter.language,
            "letter": letter.kind,
            "written_at": letter.written_at.isoformat(),
            "sent_at": letter.sent_at.isoformat() if letter.sent_at else None,
        }
