"""Who is asking: the actor of a request, and which pages he may see."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from valija.accounts import operations as accounts
from valija.accounts.models import Account
from valija.accounts.sessions import stored_key
from valija.core import clock, tokens
from valija.core.actor import Actor
from valija.core.address import address_of
from valija.core.ids import new_id

View = Callable[..., HttpResponse]
SECONDS_BETWEEN_NOTES = 300


class Request(HttpRequest):
    """A request as our views get it."""

    user: Any  # a User, once signed in; nobody, before
    actor: Actor
    address: str
    browser: str
    request_id: str
    account: Account  # on pages for people who have signed in


class PersonMiddleware(AuthenticationMiddleware):
    """Who has signed in: the person was read together with his session."""

    def process_request(self, request: HttpRequest) -> None:
        request.user = SimpleLazyObject(lambda: _person(request))  # type: ignore[assignment]


def _person(request: Any) -> Any:
    session = request.session
    of_session, proof = session.get(SESSION_KEY), session.get(HASH_SESSION_KEY, "")
    person = session.person
    if person is None or str(person.pk) != of_session or not person.is_active:
        return get_user(request)
    if not tokens.same(proof, person.get_session_auth_hash()):
        return get_user(request)  # which ends a session that no longer holds
    return person


class ActorMiddleware:
    """Says who acts and from where, and notes now and then that a person is here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, plain: HttpRequest) -> HttpResponse:
        request = cast(Request, plain)
        request.address = address_of(
            request.META.get("REMOTE_ADDR", ""),
            request.headers.get("X-Forwarded-For", ""),
            settings.TRUSTED_PROXIES,
        )
        request.browser = request.headers.get("User-Agent", "")[:300]
        request.request_id = new_id().hex
        where: dict[str, Any] = {
            "address": request.address,
            "browser": request.browser,
            "request_id": request.request_id,
        }
        # API requests carry a token, not a session; their own authentication says who they are.
        if request.path.startswith("/api/") or not request.user.is_authenticated:
            request.actor = Actor(kind="anyone", label="", **where)
        else:
            request.actor = request.user.as_actor(**where)
            self._note(request)
        return self.get_response(request)

    def _note(self, request: Request) -> None:
        seen, key = request.user.last_seen_at, request.session.session_key
        if key and (seen is None or (clock.now() - seen).total_seconds() > SECONDS_BETWEEN_NOTES):
            accounts.note_use(stored_key(key), request.user)


def signed_in(view: View) -> View:
    """A page for people who have signed in; others are asked to, and come back here."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        request.account = request.user.account
        return view(request, *args, **kwargs)

    return guarded


def allowed(permission: str, *others: str) -> Callable[[View], View]:
    """A page for people whose role holds a permission (one of several); others are told, with a way out."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            if not any(request.actor.may(other) for other in others):
                request.actor.require(permission)
            return view(request, *args, **kwargs)

        return signed_in(guarded)

    return decorate
