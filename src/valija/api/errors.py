"""What a program is told when something is refused, missing or broken: problem+json (RFC 9457)."""

import json
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from valija.core.errors import InvalidInput, Refusal

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"

TITLES: dict[int, str | Promise] = {
    400: _("Malformed request"),
    401: _("Access token needed"),
    403: _("Not permitted"),
    404: _("Not found"),
    405: _("Method not allowed"),
    409: _("Refused"),
    413: _("Request too large"),
    422: _("Input that cannot be used"),
    429: _("Too many requests"),
    500: _("Error of this server"),
    503: _("Not available at the moment"),
}

# What is wrong with a value, in words; `%(…)s` is the limit it breaks.
WRONG: dict[str, str | Promise] = {
    "missing": _("This value is missing."),
    "extra_forbidden": _("There is no such value here."),
    "string_type": _("This must be text."),
    "string_too_short": _("This must have at least %(min_length)s characters."),
    "string_too_long": _("This must have at most %(max_length)s characters."),
    "int_type": _("This must be a whole number."),
    "int_parsing": _("This must be a whole number."),
    "greater_than_equal": _("This must be %(ge)s or more."),
    "less_than_equal": _("This must be %(le)s or less."),
    "literal_error": _("This must be one of: %(expected)s."),
    "uuid_parsing": _("This must be a UUID."),
}


class MalformedRequest(Refusal):
    code = "malformed_request"
    status = 400
    sentence = _("The body of this request is not JSON.")


class TokenNeeded(Refusal):
    code = "token_needed"
    status = 401
    sentence = _("Send an access token: “Authorization: Bearer …”.")


class TokenNotValid(Refusal):
    code = "token_not_valid"
    status = 401
    sentence = _("This access token is unknown, expired or revoked.")


class NotFound(Refusal):
    code = "not_found"
    status = 404
    sentence = _("There is no such thing in this account.")


class MethodNotAllowed(Refusal):
    code = "method_not_allowed"
    status = 405
    sentence = _("This address does not know the method %(method)s.")


class RequestTooLarge(Refusal):
    code = "request_too_large"
    status = 413
    sentence = _("The body of this request is too large.")


class TooManyRequests(Refusal):
    """More requests than a token may make in a minute; `seconds` until it may make the next."""

    code = "too_many_requests"
    status = 429
    sentence = _("More than %(limit)s requests in a minute. Try again in %(seconds)s seconds.")


class BrokenHere(Refusal):
    code = "server_error"
    status = 500
    sentence = _("This server made an error, which was noted. Nothing was changed.")


def problem(refusal: Refusal, errors: list[dict[str, str]] | None = None) -> HttpResponse:
    """A refusal as a program reads it."""
    body: dict[str, Any] = {
        "type": f"{settings.URL}/api/v1/problems/{refusal.code}",
        "title": str(TITLES.get(refusal.status, TITLES[409])),
        "status": refusal.status,
        "detail": str(refusal),
        "code": refusal.code,
        **refusal.for_programs(),
    }
    if errors is None and isinstance(refusal, InvalidInput) and refusal.field:
        errors = [{"in": "body", "field": refusal.field, "code": refusal.code, "detail": str(refusal)}]
    if errors:
        body["errors"] = errors
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False), status=refusal.status, content_type=MEDIA_TYPE
    )
    if refusal.status in (429, 503):
        response.headers["Retry-After"] = str(_seconds_to_wait(refusal))
    if refusal.status == 401:
        error = "" if isinstance(refusal, TokenNeeded) else ', error="invalid_token"'
        response.headers["WWW-Authenticate"] = f'Bearer realm="Valija"{error}'
    return response


def _seconds_to_wait(refusal: Refusal) -> int:
    """What the sentence says; where it says nothing, half a minute."""
    return int(refusal.data.get("seconds", 60 * refusal.data.get("minutes", 0))) or 30


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return problem(refusal)


def _missing(request: HttpRequest, exception: Http404) -> HttpResponse:
    return problem(NotFound())


def _not_authenticated(request: HttpRequest, exception: AuthenticationError) -> HttpResponse:
    return problem(TokenNotValid() if "Authorization" in request.headers else TokenNeeded())


def _not_valid(request: HttpRequest, exception: ValidationError) -> HttpResponse:
    return problem(InvalidInput(), [_wrong(error) for error in exception.errors])


def _wrong(error: dict[str, Any]) -> dict[str, str]:
    """One value that cannot be used: where it stood, what is wrong as code and in words."""
    place, *path = [str(step) for step in error["loc"]]
    kind = error["type"]
    sentence = (
        str(WRONG[kind]) % error.get("ctx", {}) if kind in WRONG else gettext("This value cannot be used.")
    )
    if place == "body":  # the body's name in our code, and that of the form it was compared with, say nothing
        path = [step for step in path[1:] if not step[:1].isupper()]
    field = ".".join(path)
    return {"in": place, "field": field, "code": kind, "detail": sentence}


def _http_error(request: HttpRequest, exception: HttpError) -> HttpResponse:
    return problem(MalformedRequest())


def _too_large(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem(RequestTooLarge())


def broken(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Anything that is not a refusal is a bug, for the log."""
    log.error("%s %s", request.method, request.path, exc_info=exception)
    return problem(BrokenHere())


def answer_problems(api: NinjaAPI) -> None:
    """Make an API answer every refusal and error as problem+json."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        Refusal: _refused,
        Http404: _missing,
        AuthenticationError: _not_authenticated,
        ValidationError: _not_valid,
        HttpError: _http_error,
        RequestDataTooBig: _too_large,
        UnreadablePostError: _http_error,
        Exception: broken,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
