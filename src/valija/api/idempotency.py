"""Requests that may be repeated safely: the same Idempotency-Key gets the same answer, and the thing is done once."""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Status

from valija.api import operations as api
from valija.api.auth import ProgramRequest, View
from valija.api.models import KeyedRequest
from valija.core.errors import InvalidInput

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,255}")


class IdempotencyKeyNotValid(InvalidInput):
    code = "idempotency_key_not_valid"
    sentence = _("An Idempotency-Key has 1 to 255 visible ASCII characters; a UUID is a good one.")


def key_of(request: ProgramRequest) -> str:
    """The request's key; empty where it has none."""
    key = request.headers.get(HEADER)
    if key is not None and not KEY.fullmatch(key):
        raise IdempotencyKeyNotValid
    return key or ""


def done_once(view: View) -> View:
    """With a key: what is done and the answer that is kept are one transaction, so that a crash leaves both or neither.

    A request with the same key that comes meanwhile waits. A refusal is not kept: nothing was done.
    """

    @wraps(view)
    def guarded(request: ProgramRequest, *args: Any, **kwargs: Any) -> Any:
        key = key_of(request)
        if not key:
            return view(request, *args, **kwargs)
        with transaction.atomic():
            return _answered(request, key, lambda: view(request, *args, **kwargs))

    guarded.keyed = True  # type: ignore[attr-defined]
    return guarded


def answered_once(view: View) -> View:
    """With a key, for an operation that is idempotent by itself and talks to others meanwhile: only the answer is kept.

    After a crash in between, the repetition runs the operation again.
    """

    @wraps(view)
    def guarded(request: ProgramRequest, *args: Any, **kwargs: Any) -> Any:
        key = key_of(request)
        if not key:
            return view(request, *args, **kwargs)
        return _answered(request, key, lambda: view(request, *args, **kwargs))

    guarded.keyed = True  # type: ignore[attr-defined]
    return guarded


def _answered(request: ProgramRequest, key: str, view: Callable[[], Any]) -> Any:
    known = api.know_request(request.auth.account, key, _digest(request))
    if known.status is not None:
        return _again(request, known)
    result = view()
    if isinstance(result, HttpResponse):
        raise TypeError("a keyed view answers with a status and a schema")
    status, value = (result.status_code, result.value) if isinstance(result, Status) else (200, result)
    api.keep_answer(known, status, value.model_dump(mode="json") if value is not None else None)
    return result


def _again(request: ProgramRequest, known: KeyedRequest) -> Status[Any]:
    request.replayed = True  # type: ignore[attr-defined]
    assert known.status is not None
    return Status(known.status, known.answer)


def _digest(request: ProgramRequest) -> str:
    """Who asked what: another token, address or body is another request."""
    parts = (request.auth.pk.bytes, (request.method or "").encode(), request.path.encode(), request.body)
    return hashlib.sha256(b"\x00".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
