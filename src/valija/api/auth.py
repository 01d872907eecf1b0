"""Who is asking: a program with a token, a device with an activation, or anyone."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from ninja.security import HttpBearer

from valija.accounts.models import ApiToken
from valija.accounts.permissions import Permission
from valija.api import operations as api
from valija.api.limits import Allowance, count_request, require_allowance
from valija.core import clock, tokens
from valija.core.actor import Actor
from valija.core.address import address_of
from valija.core.errors import Refusal
from valija.core.ids import new_id
from valija.licensing import operations as licensing
from valija.licensing.models import Activation

SECONDS_BETWEEN_NOTES = 60


class ScopeMissing(Refusal):
    code = "scope_missing"
    status = 403
    sentence = _("This access does not include “%(scope)s”, or the person who made it may no longer do this.")


class Request(HttpRequest):
    """A request as our views get it."""

    actor: Actor
    allowance: Allowance


class ProgramRequest(Request):
    """A request with an access token."""

    auth: ApiToken


class DeviceRequest(Request):
    """A request with the token of an activation."""

    auth: Activation


def anyone(request: HttpRequest) -> Actor:
    """The actor of a request without a token."""
    return Actor(kind="anyone", label="", through="api", **_where(request))


def _where(request: HttpRequest) -> dict[str, Any]:
    remote, forwarded = request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
    return {
        "address": address_of(remote, forwarded, settings.TRUSTED_PROXIES),
        "browser": request.headers.get("User-Agent", "")[:300],
        "request_id": getattr(request, "request_id", "") or new_id().hex,
    }


class AccessToken(HttpBearer):
    """An access token made on the page “Access for programs”."""

    openapi_description: ClassVar[str] = (
        "Made on the page “Access for programs”; its scopes are listed at each operation."
    )

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found = (
            ApiToken.objects.valid()
            .select_related("creator", "account")
            .filter(digest=tokens.digest(token, "api token"))
            .first()
        )
        if found is None:
            return None
        asked = cast(ProgramRequest, request)
        asked.actor = found.as_actor(**_where(request))
        if "Accept-Language" not in request.headers:
            translation.activate(found.creator.language)
        asked.allowance = count_request(found)
        require_allowance(asked.allowance)
        _note(found)
        return found


def _note(token: ApiToken) -> None:
    last = token.last_used_at
    if last is None or (clock.now() - last).total_seconds() > SECONDS_BETWEEN_NOTES:
        api.note_token_use(token)


class ActivationToken(HttpBearer):
    """The token that a client received when it activated."""

    openapi_description: ClassVar[str] = "Received by a client with its activation."

    def authenticate(self, request: HttpRequest, token: str) -> Activation:
        activation = licensing.find_activation(token)
        cast(DeviceRequest, request).actor = activation.user.as_actor(through="api", **_where(request))
        if "Accept-Language" not in request.headers:
            translation.activate(activation.user.language)
        return activation


View = Callable[..., Any]


def needs(permission: Permission) -> Callable[[View], View]:
    """An operation for tokens with this scope; OpenAPI tells it too."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: ProgramRequest, *args: Any, **kwargs: Any) -> Any:
            if not request.actor.may(permission, request.auth.account):
                raise ScopeMissing(scope=str(permission))
            return view(request, *args, **kwargs)

        guarded.scope = str(permission)  # type: ignore[attr-defined]
        return guarded

    return decorate
