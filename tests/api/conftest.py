"""Programs of the cast: an access to an account, and requests with it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from valija.accounts import operations as accounts
from valija.accounts.models import User
from valija.accounts.permissions import SCOPES


class Program:
    """A program with a token of its maker's; it speaks JSON, in English unless told otherwise."""

    def __init__(self, maker: User, *scopes: str) -> None:
        self.maker = maker
        held = list(scopes) or sorted(SCOPES & maker.permissions)
        self.token, self.secret = accounts.create_token(maker.account, "Payroll", held, by=maker.as_actor())
        self.client = Client(raise_request_exception=False)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request; `idempotency_key=...` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {"Authorization": f"Bearer {self.secret}", "Accept-Language": "en", **named}
        sent = {"data": body, "content_type": "application/json"} if body is not None else {}
        answer: HttpResponse = getattr(self.client, method)(f"/api/v1{path}", headers=named, **sent)
        return answer

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("get", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("post", path, {} if body is None else body, **headers)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Each test has its minute to itself."""
    cache.clear()


@pytest.fixture
def program(db: None) -> Callable[..., Program]:
    """An access that somebody makes: `program(alice, "user.see")`; without scopes, all that he may."""
    return Program


@pytest.fixture
def payroll(alice: User) -> Program:
    """Alice's program, which may do everything."""
    return Program(alice)
