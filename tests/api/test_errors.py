"""Every no has a code, a status and a sentence in the program's language."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.api.conftest import Program
from valija.accounts import operations as accounts
from valija.accounts.models import Account, ApiToken, User
from valija.api import limits
from valija.core import clock
from valija.core.ids import new_id
from valija.journal.models import Entry
from valija.licensing.models import License

Programs = Callable[..., Program]


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem, if it is this one."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"].endswith(f"/api/v1/problems/{code}")
    assert problem["title"]
    assert problem["detail"]
    return problem


# Tokens


def test_without_a_token_and_with_a_wrong_one(cast: Any) -> None:
    for path in ("/me", "/plans", "/users", "/orders", "/journal"):
        answer = Client().get(f"/api/v1{path}")
        refused(answer, 401, "token_needed")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Valija"'
    for wrong in ("Bearer wrong", "Bearer ", "Basic YTpi", "Bearer ñ"):
        answer = Client().get("/api/v1/me", headers={"Authorization": wrong})
        refused(answer, 401, "token_not_valid")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_ends_with_its_time_its_revocation_and_its_maker(alice: User, payroll: Program) -> None:
    assert payroll.get("/me").status_code == 200

    accounts.revoke_token(payroll.token, by=alice.as_actor())
    refused(payroll.get("/me"), 401, "token_not_valid")

    short = Program(alice)
    ApiToken.objects.filter(pk=short.token.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    refused(short.get("/me"), 401, "token_not_valid")

    orphan = Program(alice)
    User.objects.filter(pk=alice.pk).update(deactivated_at=clock.now())
    refused(orphan.get("/me"), 401, "token_not_valid")


SCOPED = [
    ("get", "/plans", "license.see"), ("get", "/cart", "cart.change"), ("get", "/quote", "cart.change"),
    ("get", "/orders", "billing.see"), ("get", "/licenses", "license.see"), ("get", "/licenses/counts", "license.see"),
    ("get", "/users", "user.see"), ("get", "/domains", "domain.see"), ("get", "/journal", "journal.account"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "scope"), SCOPED)
def test_a_token_may_what_its_scopes_say_and_nothing_else(
    alice: User, program: Programs, method: str, path: str, scope: str
) -> None:
    everything_else = sorted(Program(alice).token.scopes)
    everything_else.remove(scope)
    problem = refused(program(alice, *everything_else).ask(method, path), 403, "scope_missing")
    assert scope in problem["detail"]
    assert program(alice, scope).ask(method, path).status_code == 200


def test_a_token_that_only_sees_changes_nothing(alice: User, bob: User, program: Programs) -> None:
    viewer = program(alice, "license.see", "user.see", "billing.see", "domain.see")
    for method, path, body in (
        ("post", "/cart/lines", {"plan": "pro", "quantity": 1}),
        ("post", "/orders", {"total": 1, "currency": "EUR"}),
        ("post", f"/users/{bob.pk}/license", {"plan": "pro"}),
        ("put", f"/users/{bob.pk}/license", {"plan": "pro"}),
        ("delete", f"/users/{bob.pk}/license", None),
        ("post", f"/users/{bob.pk}/license/activation", {}),
        ("post", "/users", {"email": "eva@aurora.example", "first_name": "Eva"}),
        ("post", "/domains", {"name": "aurora.test"}),
    ):
        refused(viewer.ask(method, path, body), 403, "scope_missing")


def test_a_token_gives_no_role_above_itself(alice: User, program: Programs) -> None:
    adder = program(alice, "user.add")
    eva = {"email": "eva@aurora.example", "first_name": "Eva"}
    for role in ("administrator", "billing"):
        refused(adder.post("/users", {**eva, "role": role}), 403, "role_above_token")
    assert adder.post("/users", eva).status_code == 201
    assert (
        Program(alice).post("/users", {**eva, "email": "ines@aurora.example", "role": "billing"}).status_code
        == 201
    )


def test_a_token_loses_what_its_maker_loses(alice: User, payroll: Program) -> None:
    User.objects.filter(pk=alice.pk).update(role="billing")
    refused(payroll.get("/users"), 403, "scope_missing")
    assert payroll.get("/licenses").status_code == 200


def test_the_use_of_a_token_is_noted_once_a_minute(payroll: Program) -> None:
    payroll.get("/me")
    first = ApiToken.objects.get(pk=payroll.token.pk).last_used_at
    payroll.get("/me")
    assert first is not None
    assert ApiToken.objects.get(pk=payroll.token.pk).last_used_at == first


def test_a_token_is_looked_up_with_one_query(payroll: Program, django_assert_num_queries: Any) -> None:
    payroll.get("/me")
    with django_assert_num_queries(1):
        assert payroll.get("/me").status_code == 200


def test_more_requests_than_a_minute_has(payroll: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUESTS", 3)
    answers = [payroll.get("/me") for _request in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused(answers[3], 429, "too_many_requests")
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert answers[0].headers["RateLimit-Policy"] == '"token";q=3;w=60'
    assert [answer.headers["RateLimit"].partition(";t=")[0] for answer in answers] == [
        '"token";r=2', '"token";r=1', '"token";r=0', '"token";r=0',
    ]  # fmt: skip


# Another account's things


def test_mallory_finds_nothing_of_auroras(
    mallory: User, aurora: Account, bob: User, program: Programs, buy: Callable[..., Any]
) -> None:
    order, domain = buy(aurora, "pro", 1), aurora.domains.get()
    hers = program(mallory)
    line = (
        program(aurora.users.get(first_name="Alice"))
        .post("/cart/lines", {"plan": "eco", "quantity": 1})
        .json()
    )
    for method, path, body in (
        ("get", f"/users/{bob.pk}", None),
        ("get", f"/orders/{order.pk}", None),
        ("get", f"/domains/{domain.pk}", None),
        ("delete", f"/domains/{domain.pk}", None),
        ("post", f"/domains/{domain.pk}/check", None),
        ("post", f"/users/{bob.pk}/license", {"plan": "pro"}),
        ("put", f"/users/{bob.pk}/license", {"plan": "pro"}),
        ("delete", f"/users/{bob.pk}/license", None),
        ("post", f"/users/{bob.pk}/license/activation", {}),
        ("patch", f"/cart/lines/{line['id']}", {"quantity": 2}),
        ("delete", f"/cart/lines/{line['id']}", None),
    ):
        refused(hers.ask(method, path, body), 404, "not_found")
    for path in ("/licenses", "/orders", "/cart", "/users", "/domains", "/journal"):
        assert "aurora" not in hers.get(path).content.decode()
    assert not License.objects.assigned().exists()


# Input


@pytest.mark.parametrize("quantity", [0, -1, 10_000, "many", 1.5, None, True])
def test_a_quantity_that_is_none(payroll: Program, quantity: Any) -> None:
    problem = refused(
        payroll.post("/cart/lines", {"plan": "pro", "quantity": quantity}), 422, "invalid_input"
    )
    [error] = problem["errors"]
    assert error["in"] == "body"
    assert error["field"] == "quantity"
    assert error["detail"]


def test_bodies_that_are_none(payroll: Program) -> None:
    headers = {"Authorization": f"Bearer {payroll.secret}"}
    for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        answer = payroll.client.post(
            "/api/v1/cart/lines", body, content_type="application/json", headers=headers
        )
        assert answer.status_code in (400, 422), body[:10]
    answer = payroll.client.post("/api/v1/cart/lines", b"{", content_type="application/json", headers=headers)
    refused(answer, 400, "malformed_request")
    large = json.dumps({"plan": "x" * 2_000_000})
    answer = payroll.client.post(
        "/api/v1/cart/lines", large, content_type="application/json", headers=headers
    )
    refused(answer, 413, "request_too_large")


@pytest.mark.database
@pytest.mark.parametrize("odd", ["a\x00b", "\ud800", "a\nb"])
def test_text_that_no_name_has(payroll: Program, odd: str) -> None:
    refused(payroll.post("/users", {"email": "eva@aurora.example", "first_name": odd}), 422, "invalid_input")


def test_things_that_do_not_exist(payroll: Program) -> None:
    nobody = new_id()
    refused(payroll.get(f"/users/{nobody}"), 404, "not_found")
    refused(payroll.get("/nothing/here"), 404, "not_found")
    refused(payroll.post("/cart/lines", {"plan": "platinum", "quantity": 1}), 404, "plan_not_known")
    refused(payroll.get("/users/1"), 422, "invalid_input")
    refused(payroll.get("/users?limit=1000"), 422, "invalid_input")
    refused(payroll.get("/users?cursor=made-up"), 422, "bad_cursor")
    refused(payroll.get("/journal?event=made.up"), 422, "invalid_input")


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("post", "/me", "GET"), ("put", "/orders", "GET, POST")]
)
def test_methods_that_an_address_does_not_know(
    payroll: Program, method: str, path: str, allowed: str
) -> None:
    answer = payroll.ask(method, path, {})
    refused(answer, 405, "method_not_allowed")
    assert sorted(answer.headers["Allow"].split(", ")) == allowed.split(", ")


def test_a_bug_is_told_as_one(payroll: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Entry.objects, "of_account", lambda account_id: 1 / 0)
    refused(payroll.get("/journal"), 500, "server_error")


# What the account's own state refuses


def test_buying(payroll: Program, aurora: Account) -> None:
    refused(payroll.post("/orders", {"total": 0, "currency": "EUR"}), 409, "empty_cart")
    refused(payroll.post("/orders", {"shown": "0" * 64}), 409, "empty_cart")
    refused(payroll.post("/orders", {"total": 0}), 422, "invalid_input")
    refused(payroll.post("/cart/lines", {"plan": "max", "quantity": 1}), 409, "plan_not_sold")
    payroll.post("/cart/lines", {"plan": "pro", "quantity": 2})
    total = payroll.get("/quote").json()["total"]
    problem = refused(payroll.post("/orders", {"total": total - 1, "currency": "EUR"}), 409, "quote_changed")
    assert "€319.44" in problem["detail"]
    refused(payroll.post("/orders", {"total": total, "currency": "USD"}), 409, "quote_changed")
    refused(payroll.post("/orders", {"shown": "0" * 64}), 409, "quote_changed")
    assert not aurora.orders.exists()


def test_a_wrong_amount_leaves_an_open_purchase_as_it_is(payroll: Program) -> None:
    payroll.post("/cart/lines", {"plan": "pro", "quantity": 2})
    quote = payroll.get("/quote").json()
    order = payroll.post("/orders", {"shown": quote["fingerprint"]}).json()
    refused(payroll.post("/orders", {"total": 1, "currency": "EUR"}), 409, "quote_changed")
    assert payroll.get(f"/orders/{order['id']}").json()["state"] == "open"


def test_assigning(payroll: Program, aurora: Account, bob: User, dave: User, buy: Callable[..., Any]) -> None:
    refused(payroll.post(f"/users/{bob.pk}/license", {"plan": "pro"}), 409, "no_license_available")
    refused(payroll.ask("put", f"/users/{bob.pk}/license", {"plan": "pro"}), 409, "not_licensed")
    refused(payroll.ask("delete", f"/users/{bob.pk}/license"), 409, "not_licensed")
    refused(payroll.post(f"/users/{bob.pk}/license/activation"), 409, "not_licensed")
    buy(aurora, "pro", 1)
    assert payroll.post(f"/users/{bob.pk}/license", {"plan": "pro"}).status_code == 201
    refused(payroll.post(f"/users/{bob.pk}/license", {"plan": "pro"}), 409, "already_licensed")
    refused(payroll.post(f"/users/{dave.pk}/license", {"plan": "pro"}), 409, "no_license_available")
    User.objects.filter(pk=dave.pk).update(deactivated_at=clock.now())
    refused(payroll.post(f"/users/{dave.pk}/license", {"plan": "pro"}), 409, "user_not_active")


def test_adding_users_and_domains(payroll: Program) -> None:
    eva = {"email": "eva@aurora.example", "first_name": "Eva"}
    refused(payroll.post("/users", {**eva, "email": "no address"}), 422, "address_not_valid")
    refused(payroll.post("/users", {**eva, "email": "bob@aurora.example"}), 409, "address_taken")
    refused(payroll.post("/users", {**eva, "email": "eva@stranger.example"}), 409, "domain_not_approved")
    refused(payroll.post("/users", {**eva, "mobile": "12"}), 422, "mobile_not_valid")
    refused(payroll.post("/users", {**eva, "plan": "pro"}), 409, "no_license_available")
    refused(payroll.post("/domains", {"name": "no domain"}), 422, "domain_not_valid")
    refused(payroll.post("/domains", {"name": "gmail.com"}), 409, "public_domain")
    [aurora] = payroll.get("/domains").json()["items"]
    refused(payroll.ask("delete", f"/domains/{aurora['id']}"), 409, "domain_in_use")
    assert not User.objects.filter(email="eva@aurora.example").exists()


def test_activating(cast: Any) -> None:
    browser = Client()
    answer = browser.post("/api/v1/activations", {"code": "AAAA"}, content_type="application/json")
    refused(answer, 422, "activation_code_wrong")
    for method, path in (("get", ""), ("delete", ""), ("post", "/renew")):
        address = f"/api/v1/activations/current{path}"
        refused(getattr(browser, method)(address), 401, "token_needed")
        wrong = {"Authorization": "Bearer wrong"}
        refused(getattr(browser, method)(address, headers=wrong), 401, "activation_ended")


def test_codes_are_not_guessed(cast: Any) -> None:
    wrong = [
        Client().post("/api/v1/activations", {"code": f"WRONG{n}"}, content_type="application/json")
        for n in range(21)
    ]
    refused(wrong[19], 422, "activation_code_wrong")
    refused(wrong[20], 429, "too_many_attempts")
    assert wrong[20].headers["Retry-After"] == "900"


# Words


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Your cart is empty"), ("es", "El carrito está vacío"), ("fr-CA, en;q=0.5", "panier")],
)
def test_problems_speak_the_language_that_was_asked_for(payroll: Program, language: str, words: str) -> None:
    problem = payroll.post("/orders", {"total": 0, "currency": "EUR"}, Accept_Language=language).json()
    assert words in problem["detail"]


def test_without_a_language_problems_speak_that_of_the_tokens_maker(mallory: User, alice: User) -> None:
    for maker, words in ((alice, "carrito"), (mallory, "cart")):
        headers = {"Authorization": f"Bearer {Program(maker).secret}"}
        answer = Client().post(
            "/api/v1/orders",
            {"total": 0, "currency": "EUR"},
            content_type="application/json",
            headers=headers,
        )
        assert words in answer.json()["detail"]
        assert answer.headers["Content-Language"] == maker.language


def test_the_type_of_a_problem_leads_to_its_meaning(payroll: Program) -> None:
    problem = payroll.post("/orders", {"total": 0, "currency": "EUR"}).json()
    path = problem["type"].partition("/api/v1")[2]
    assert Client().get(f"/api/v1{path}", headers={"Accept-Language": "en"}).json() == {
        "code": "empty_cart", "status": 409, "title": "Refused",
        "sentence": problem["detail"],
    }  # fmt: skip
    refused(Client().get("/api/v1/problems/made_up"), 404, "not_found")


def test_the_journal_tells_who_did_it_by_api(payroll: Program, aurora: Account) -> None:
    payroll.client.defaults["HTTP_USER_AGENT"] = "payroll/1.0"
    payroll.post("/domains", {"name": "aurora.test"})
    entry = Entry.objects.get(event="domain.claimed", account_id=aurora.pk, through="api")
    assert (entry.actor_kind, entry.actor_id) == ("token", str(payroll.token.pk))
    assert entry.actor_label == "Payroll (Alice Romero <alice@aurora.example>)"
    assert (entry.address, entry.browser) == ("127.0.0.1", "payroll/1.0")
    [told] = payroll.get("/journal?event=domain.claimed&limit=1").json()["items"]
    assert told["through"] == "api"
    assert "aurora.test" in told["sentence"]
