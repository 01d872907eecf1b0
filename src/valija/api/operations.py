"""What is kept of requests: the answers to those with an Idempotency-Key, and when a token was used."""

from typing import Any

from django.db import IntegrityError, transaction
from django.tasks import task
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, ApiToken
from valija.api.models import KeyedRequest
from valija.core import clock
from valija.core.errors import Refusal


class IdempotencyKeyReused(Refusal):
    code = "idempotency_key_reused"
    sentence = _("This Idempotency-Key came with another request before. Use a new key for each new request.")


def know_request(account: Account, key: str, digest: str) -> KeyedRequest:
    """The request of this key: a new row, or what is kept of the first.

    While another transaction holds a new row of the same key, this waits: on PostgreSQL at the unique index, on
    SQLite at the one write lock.
    """
    try:
        with transaction.atomic():
            return KeyedRequest.objects.create(account=account, key=key, digest=digest)
    except IntegrityError:
        first = KeyedRequest.objects.get(account=account, key=key)
    if first.digest != digest:
        raise IdempotencyKeyReused
    return first


def keep_answer(request: KeyedRequest, status: int, answer: Any) -> None:
    """Remember what a request with a key was answered."""
    KeyedRequest.objects.filter(pk=request.pk, status=None).update(status=status, answer=answer)


@task
def forget_keyed_requests() -> int:
    """Remove answers that are older than a repetition is expected."""
    return KeyedRequest.objects.over().delete()[0]


def note_token_use(token: ApiToken) -> None:
    """Remember, every minute at most, that a program uses its token."""
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=clock.now())
