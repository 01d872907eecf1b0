"""The OpenAPI document: what ninja knows, and every refusal with its code."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.translation import override
from ninja import NinjaAPI
from ninja.operation import Operation
from pydantic import BaseModel, Field

from valija.api.auth import AccessToken, ActivationToken, ScopeMissing, View
from valija.api.errors import (
    MEDIA_TYPE,
    TITLES,
    BrokenHere,
    MalformedRequest,
    NotFound,
    RequestTooLarge,
    TokenNeeded,
    TokenNotValid,
    TooManyRequests,
)
from valija.api.idempotency import HEADER, IdempotencyKeyNotValid
from valija.api.operations import IdempotencyKeyReused
from valija.core.errors import InvalidInput, NotPermitted, Refusal
from valija.core.pages import BadCursor
from valija.licensing.operations import ActivationEnded

PREFIX = "/api/v1"
Refusals = Iterable[type[Refusal]]


class WrongValue(BaseModel):
    """One value that cannot be used."""

    place: str = Field(alias="in", description="body, path, query or header")
    field: str
    code: str
    detail: str


class DeviceToLetGo(BaseModel):
    """A device on which a license is at work, as the refusal `too_many_devices` lists it."""

    id: str = Field(description="for `instead_of`")
    device: str
    activated_at: datetime
    last_seen_at: datetime


class Problem(BaseModel):
    """What went wrong (RFC 9457). `code` is stable; `title` and `detail` are in the language of Accept-Language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[WrongValue] = Field(
        default=[], description="values that cannot be used, where there are any"
    )
    devices: list[DeviceToLetGo] = Field(
        default=[], description="with `too_many_devices`: those of which one can be let go"
    )


def refuses(*refusals: type[Refusal]) -> Callable[[View], View]:
    """Say which refusals an operation may answer, for its documentation."""

    def decorate(view: View) -> View:
        view.refusals = refusals  # type: ignore[attr-defined]
        return view

    return decorate


def document(api: NinjaAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of everything under /api/v1, in English."""
    with override("en"):
        told: dict[str, Any] = api.get_openapi_schema(path_prefix=f"{PREFIX}/")
        for operation in operations(api):
            for method in operation.methods:
                _tell(told["paths"][f"{PREFIX}{operation.path}"][method.lower()], operation)
    schemas = told["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    told["servers"] = [{"url": settings.URL}]
    return told


def operations(api: NinjaAPI) -> list[Operation]:
    return [
        operation
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
    ]


def _tell(told: dict[str, Any], operation: Operation) -> None:
    view = operation.view_func
    if getattr(view, "keyed", False):
        told["parameters"] = [*told["parameters"], KEY_PARAMETER]
    scope = getattr(view, "scope", "")
    if scope:
        told["security"] = [{AccessToken.__name__: [scope]}]
    responses = told["responses"] = {str(status): answer for status, answer in told["responses"].items()}
    for answer in responses.values():
        if _is_program(operation):
            answer["headers"] = RATE_HEADERS
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys(refusals_of(operation)):
        by_status.setdefault(refusal.status, []).append(refusal)
    for status, refusals in sorted(by_status.items()):
        responses[str(status)] = _answer(status, refusals)


def _is_program(operation: Operation) -> bool:
    return any(isinstance(auth, AccessToken) for auth in operation.auth_callbacks)


def refusals_of(operation: Operation) -> list[type[Refusal]]:
    """Every refusal that an operation may answer."""
    view, sources = operation.view_func, {model.__ninja_param_source__ for model in operation.models}
    found: list[type[Refusal]] = [*getattr(view, "refusals", ())]
    if _is_program(operation):
        found += [TokenNeeded, TokenNotValid, TooManyRequests]
    if getattr(view, "scope", ""):
        found += [ScopeMissing, NotPermitted]
    if any(isinstance(auth, ActivationToken) for auth in operation.auth_callbacks):
        found += [TokenNeeded, ActivationEnded]
    if getattr(view, "keyed", False):
        found += [IdempotencyKeyReused, IdempotencyKeyNotValid]
    if "path" in sources:
        found += [NotFound]
    if "body" in sources:
        found += [MalformedRequest, RequestTooLarge]
    if sources:
        found += [InvalidInput]
    if "query" in sources:
        found += [BadCursor]
    return [*found, BrokenHere]


def _answer(status: int, refusals: Refusals) -> dict[str, Any]:
    codes = "\n".join(f"- `{refusal.code}`: {refusal.sentence}" for refusal in refusals)
    answer: dict[str, Any] = {
        "description": f"{TITLES[status]}\n\n{codes}",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    elif status in (429, 503):
        answer["headers"] = {
            "Retry-After": {"required": True, "description": "seconds", "schema": {"type": "integer"}}
        }
    return answer


RATE_HEADERS = {
    "RateLimit-Policy": {
        "description": "requests in a window of so many seconds",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "requests that remain, seconds until they are full again",
        "schema": {"type": "string"},
    },
}
KEY_PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "The same key with the same request gets the same answer for a day, and the thing is done once.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "minLength": 1, "maxLength": 255},
}


@cache
def every_refusal() -> dict[str, type[Refusal]]:
    """All refusals there are, by code."""
    found: dict[str, type[Refusal]] = {}
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        refusal = waiting.pop()
        found.setdefault(refusal.code, refusal)
        waiting += refusal.__subclasses__()
    return found
