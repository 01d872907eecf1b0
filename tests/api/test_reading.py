"""Lists, their cursors and filters, and what things look like to a program."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import dns_server
from tests.api.conftest import Program
from tests.api.test_errors import refused
from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.server.demo import OPERATOR


def many_users(account: Account, number: int) -> None:
    for n in range(number):
        accounts.write_user(account, f"user{n}@aurora.example", by=OPERATOR, first_name=f"User{n:03}")


@pytest.mark.parametrize("path", ["/users", "/journal", "/licenses", "/orders"])
def test_a_list_is_read_to_its_end_by_its_cursors(
    payroll: Program, aurora: Account, buy: Callable[..., Any], path: str
) -> None:
    many_users(aurora, 7)
    for _time in range(5):
        buy(aurora, "pro", 1)
    whole = [item["id"] for item in payroll.get(f"{path}?limit=200").json()["items"]]
    assert len(whole) >= 5

    found, cursor = [], ""
    while True:
        page = payroll.get(f"{path}?limit=2&cursor={cursor}").json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole


@pytest.mark.parametrize("path", ["/users", "/journal", "/licenses", "/orders", "/domains", "/plans"])
def test_a_page_costs_the_same_however_much_there_is(
    payroll: Program, aurora: Account, buy: Callable[..., Any], path: str
) -> None:
    buy(aurora, "pro", 1)
    payroll.get(path)
    with CaptureQueriesContext(connection) as few:
        payroll.get(path)
    many_users(aurora, 40)
    buy(aurora, "eco", 40)
    with CaptureQueriesContext(connection) as many:
        payroll.get(path)
    assert len(many) == len(few) <= 5


def test_users_are_searched_by_words_of_name_and_address(payroll: Program) -> None:
    def found(search: str) -> list[str]:
        return [user["first_name"] for user in payroll.get(f"/users?search={search}").json()["items"]]

    assert found("bob") == ["Bob"]
    assert found("castellanos aurora") == ["Bob"]
    assert found("nobody") == []
    assert len(found("")) == 4


def test_licenses_by_plan_and_state(
    payroll: Program, aurora: Account, bob: User, buy: Callable[..., Any]
) -> None:
    buy(aurora, "pro", 2)
    buy(aurora, "eco", 1)
    payroll.post(f"/users/{bob.pk}/license", {"plan": "pro"})

    assert len(payroll.get("/licenses?plan=pro").json()["items"]) == 2
    assert len(payroll.get("/licenses?state=available").json()["items"]) == 2
    [given] = payroll.get("/licenses?state=assigned").json()["items"]
    assert given["holder"]["email"] == "bob@aurora.example"
    assert payroll.get(f"/users/{bob.pk}").json()["license"]["id"] == given["id"]
    counts = payroll.get("/licenses/counts").json()["items"]
    assert [(row["plan"]["code"], row["available"], row["assigned"], row["total"]) for row in counts] == [
        ("eco", 1, 0, 1), ("pro", 1, 1, 2),
    ]  # fmt: skip


def test_a_license_is_changed_and_withdrawn(
    payroll: Program, aurora: Account, bob: User, buy: Callable[..., Any]
) -> None:
    buy(aurora, "pro", 1)
    buy(aurora, "eco", 1)
    payroll.post(f"/users/{bob.pk}/license", {"plan": "eco"})
    changed = payroll.ask("put", f"/users/{bob.pk}/license", {"plan": "pro"})
    assert (changed.status_code, changed.json()["plan"]["code"]) == (200, "pro")
    assert payroll.ask("delete", f"/users/{bob.pk}/license").status_code == 204
    assert payroll.get(f"/users/{bob.pk}").json()["license"] is None


def test_the_cart_is_changed_line_by_line(payroll: Program) -> None:
    line = payroll.post("/cart/lines", {"plan": "pro", "quantity": 2, "interval": "month"}).json()
    assert payroll.ask("patch", f"/cart/lines/{line['id']}", {"quantity": 5}).status_code == 200
    assert payroll.get("/cart").json()["lines"] == [{**line, "quantity": 5}]
    assert payroll.ask("delete", f"/cart/lines/{line['id']}").status_code == 204
    assert payroll.get("/cart").json() == {"lines": []}


def test_prices_are_in_the_accounts_currency_and_summaries_in_the_language(mallory: User) -> None:
    hers = Program(mallory)
    plans = {plan["code"]: plan for plan in hers.get("/plans", Accept_Language="fr").json()["items"]}
    assert plans["pro"]["prices"] == [
        {"interval": "year", "amount": 19800, "currency": "CAD"},
        {"interval": "month", "amount": 1980, "currency": "CAD"},
    ]
    assert plans["pro"]["summary"] == "Pour qui travaille avec des dossiers et des signatures."
    assert (plans["max"]["on_request"], plans["max"]["prices"]) == (True, [])


def test_a_domain_is_proved_by_its_record(payroll: Program, settings: Any) -> None:
    with dns_server.running() as server:
        settings.DNS_SERVER = server.address
        domain = payroll.post("/domains", {"name": "Aurora-Sur.example"}).json()
        assert (domain["name"], domain["state"]) == ("aurora-sur.example", "waiting")
        assert domain["record"]["name"] == "_valija.aurora-sur.example"
        server.publish(domain["name"], domain["record"]["value"])
        checked = payroll.post(f"/domains/{domain['id']}/check")
    assert (checked.json()["state"], checked.json()["check_result"]) == ("proved", "found")
    again = payroll.post(f"/domains/{domain['id']}/check")
    refused(again, 429, "checked_just_now")
    assert 1 <= int(again.headers["Retry-After"]) <= 20
    assert payroll.ask("delete", f"/domains/{domain['id']}").status_code == 204
    refused(payroll.get(f"/domains/{domain['id']}"), 404, "not_found")


def test_the_description_is_public_and_in_english(cast: Any) -> None:
    described = Client().get("/api/v1/openapi.json", headers={"Accept-Language": "es"})
    assert described.status_code == 200
    paths = described.json()["paths"]
    assert (
        "- `empty_cart`: Your cart is empty."
        in paths["/api/v1/orders"]["post"]["responses"]["409"]["description"]
    )
    assert paths["/api/v1/users"]["get"]["security"] == [{"AccessToken": ["user.see"]}]
    assert "security" not in paths["/api/v1/activations"]["post"]


def test_every_post_that_buys_or_assigns_takes_a_key(cast: Any) -> None:
    paths = Client().get("/api/v1/openapi.json").json()["paths"]
    for path, method in (
        ("/orders", "post"), ("/cart/lines", "post"), ("/users", "post"), ("/domains", "post"),
        ("/users/{user_id}/license", "post"), ("/users/{user_id}/license", "put"),
        ("/users/{user_id}/license/activation", "post"),
    ):  # fmt: skip
        names = [parameter["name"] for parameter in paths[f"/api/v1{path}"][method]["parameters"]]
        assert "Idempotency-Key" in names, path
