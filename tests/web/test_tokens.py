"""Access for programs: made on a page, shown once, ended at once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from valija.accounts import operations as accounts
from valija.accounts.models import Account, ApiToken, User
from valija.accounts.permissions import SCOPES, Permission
from valija.journal.models import Entry
from valija.web.tokens import SCOPE_WORDS

SignedIn = Callable[..., Client]
PAYROLL = {"name": "Nóminas", "scopes": ["user.see", "license.assign"], "days": "90"}


def key_on(page: Any) -> str:
    found = re.search(r'id="secret"\s+value="([^"]+)"', page.content.decode())
    return found.group(1) if found else ""


def test_alice_gives_a_program_access_and_sees_its_key_once(alice: User, signed_in: SignedIn) -> None:
    browser = signed_in(alice)

    page = browser.post("/tokens/create", PAYROLL, follow=True)

    key = key_on(page)
    assert key.startswith("valija_")
    assert "no-store" in page.headers["Cache-Control"]
    assert key_on(browser.get("/tokens")) == ""

    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}).json()
    assert answer["name"] == "Nóminas"
    assert answer["scopes"] == ["license.assign", "user.see"]
    assert answer["creator"] == "alice@aurora.example"


def test_the_key_is_kept_nowhere_in_the_open(alice: User, signed_in: SignedIn) -> None:
    browser = signed_in(alice)
    browser.post("/tokens/create", PAYROLL)
    session = dict(browser.session.items())
    key = key_on(browser.get("/tokens"))
    assert key
    assert key not in str(session)
    assert key not in str(list(ApiToken.objects.values()))
    assert key not in str(list(Entry.objects.values()))


def test_a_revoked_access_ends_at_once(alice: User, signed_in: SignedIn) -> None:
    token, key = accounts.create_token(alice.account, "Nóminas", ["user.see"], by=alice.as_actor())
    browser = signed_in(alice)

    page = browser.post(f"/tokens/{token.pk}/revoke", follow=True)

    assert "Nóminas" in page.content.decode()
    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "token_not_valid"
    assert Entry.objects.filter(event="token.revoked").count() == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [({"name": " "}, "name"), ({"scopes": []}, "scopes"), ({"scopes": ["account.create"]}, "scopes")],
)
def test_what_is_missing_is_told_and_what_was_typed_is_kept(
    alice: User, signed_in: SignedIn, change: dict[str, Any], code: str
) -> None:
    page = signed_in(alice).post("/tokens/create", {**PAYROLL, **change})
    assert page.status_code == 422
    text = page.content.decode()
    assert f'id="{code}_error"' in text
    assert change.get("name", "Nóminas") in text
    assert not ApiToken.objects.exists()


def test_bob_and_carol_may_not_give_access(bob: User, carol: User, signed_in: SignedIn) -> None:
    for user in (bob, carol):
        assert signed_in(user).get("/tokens").status_code == 403
        assert signed_in(user).post("/tokens/create", PAYROLL).status_code == 403


def test_mallory_cannot_see_or_revoke_alices_access(alice: User, mallory: User, signed_in: SignedIn) -> None:
    token, key = accounts.create_token(alice.account, "Nóminas", ["user.see"], by=alice.as_actor())
    browser = signed_in(mallory)
    assert "Nóminas" not in browser.get("/tokens").content.decode()
    assert browser.post(f"/tokens/{token.pk}/revoke").status_code == 404
    assert Client().get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_the_page_costs_the_same_with_many_accesses(
    alice: User, aurora: Account, signed_in: SignedIn
) -> None:
    browser = signed_in(alice)
    browser.get("/tokens")
    costs = []
    for number in range(20):
        accounts.create_token(aurora, f"Program {number}", ["user.see"], by=alice.as_actor())
        with CaptureQueriesContext(connection) as queries:
            browser.get("/tokens")
        costs.append(len(queries))
    assert set(costs) == {costs[0]}
    assert costs[0] <= 5


def test_each_scope_has_words() -> None:
    assert set(SCOPE_WORDS) == SCOPES - {Permission.TOKEN_CREATE}
