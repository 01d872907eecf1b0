"""The API as programs meet it: every address, one manner of answering."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from valija.api import (
    activations,
    bulk,
    cart,
    domains,
    imports,
    journal,
    licenses,
    me,
    methods,
    orders,
    plans,
    problems,
    users,
    webhooks_out,
)
from valija.api.auth import AccessToken, anyone
from valija.api.documents import document
from valija.api.errors import MethodNotAllowed, NotFound, answer_problems, broken, problem

DESCRIPTION = """\
What the portal can do, a program can do. Send `Authorization: Bearer …` with a token from the page “Access for
programs”; amounts are whole minor units of a currency; times are RFC 3339; every refusal is problem+json (RFC 9457)."""

api = NinjaAPI(
    title="Valija",
    version="1",
    description=DESCRIPTION,
    auth=AccessToken(),
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
)
answer_problems(api)
for noun in (
    me,
    plans,
    cart,
    orders,
    methods,
    licenses,
    users,
    bulk,
    domains,
    imports,
    journal,
    webhooks_out,
    activations,
    problems,
):
    api.add_router("", noun.router)


def language_of(request: HttpRequest) -> str:
    """The language that was asked for by Accept-Language; cookies are for people."""
    for asked, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "").lower()):
        try:
            return translation.get_supported_language_variant(asked)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


View = Callable[..., HttpResponseBase]


def answering(view: View) -> View:
    """Answer in the caller's language, everything that is not an answer as problem+json, and say what remains."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override(language_of(request)):
            request.actor = anyone(request)  # type: ignore[attr-defined]
            try:
                response = view(request, *args, **kwargs)
            except Exception as error:  # noqa: BLE001 (a program is answered in its own manner)
                response = broken(request, error)
            if response.status_code == 405:
                response = _not_allowed(request, response)
            response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
        _add_headers(request, response)
        return response

    return guarded


def _not_allowed(request: HttpRequest, plain: HttpResponseBase) -> HttpResponse:
    response = problem(MethodNotAllowed(method=request.method))
    response.headers["Allow"] = plain.headers["Allow"]
    return response


def _add_headers(request: HttpRequest, response: HttpResponseBase) -> None:
    response.headers.setdefault("Cache-Control", "no-store")
    allowance = getattr(request, "allowance", None)
    if allowance is not None:
        for name, value in allowance.headers().items():
            response.headers[name] = value
    if getattr(request, "replayed", False):
        response.headers["Idempotency-Replayed"] = "true"


def openapi(request: HttpRequest) -> HttpResponse:
    """The description of this API, for anyone."""
    if request.method not in ("GET", "HEAD"):
        response = HttpResponse(status=405)
        response.headers["Allow"] = "GET, HEAD"
        return response
    text = json.dumps(document(api), ensure_ascii=False)
    return HttpResponse(
        text, content_type="application/json", headers={"Cache-Control": "public, max-age=300"}
    )


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any other address."""
    return problem(NotFound())


def _addresses() -> list[URLPattern]:
    known = [
        path(f"api/v1/{pattern.pattern}", answering(pattern.callback), name=f"api_{pattern.name}")
        for pattern in api.urls[0]
        if isinstance(pattern, URLPattern) and pattern.name != "api-root"
    ]
    return [
        path("api/v1/openapi.json", answering(openapi), name="openapi"),
        *known,
        path("api/<path:rest>", answering(nothing_here)),
    ]


urlpatterns = _addresses()
