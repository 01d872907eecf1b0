"""The main job by API alone, step by step as docs/api.md tells it; only the token and the card are a person's."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from shutil import which

import httpx
import pytest

from tests import databases
from tests.server.running import Running, running, until
from tests.stories.portal import client as installed_client
from tests.stories.portal import letter
from valija import web
from valija.client.license_file import open_license_file

pytestmark = [pytest.mark.server, pytest.mark.database]
CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 30", "cvc": "123", "name": "Alice Romero"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("api") / "home"
    with databases.fresh() as url, running(home, "--demo", database_url=url) as started:
        yield started


@pytest.fixture(scope="module")
def token(server: Running) -> str:
    """Alice makes it on the page “Access for programs”."""
    with httpx.Client(base_url=server.url, follow_redirects=True, timeout=20) as browser:
        press(browser, browser.get(server.links()["alice@aurora.example"]), "/sign-in/link")
        scopes = [
            "license.see",
            "license.assign",
            "user.see",
            "user.add",
            "cart.change",
            "order.place",
            "billing.see",
        ]
        page = press(
            browser, browser.get("/tokens"), "/tokens/create", name="Payroll", scopes=scopes, days="90"
        )
    found = re.search(r'id="secret"\s+value="([^"]+)"', page.text)
    assert found, page.text
    return found.group(1)


@pytest.fixture(scope="module")
def program(server: Running, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=20) as client:
        yield client


def press(
    browser: httpx.Client, page: httpx.Response, action: str, **typed: str | list[str]
) -> httpx.Response:
    """Send a form of a page, with what was typed."""
    forms = re.findall(r"<form\b.*?</form>", page.text, re.DOTALL)
    form = next(form for form in forms if f'action="{action}"' in form or "action=" not in form)
    inputs = [tag for tag in re.findall(r"<input[^>]*>", form) if 'type="hidden"' in tag]
    hidden = {_attribute(tag, "name"): _attribute(tag, "value") for tag in inputs}
    answer = browser.post(action, data={**hidden, **typed})
    assert answer.status_code == 200, answer.text
    return answer


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return unescape(found.group(1)) if found else ""


def pay(payment_page: str) -> None:
    """What a person does with his card."""
    with httpx.Client(timeout=20) as browser:
        hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(payment_page).text)
        assert hidden
        paid = browser.post(payment_page, data={**CARD, "csrfmiddlewaretoken": hidden.group(1)})
        assert paid.status_code == 302, paid.text


def give(program: httpx.Client, name: str) -> None:
    """Buy one more license, and give it to somebody."""
    assert program.post("/cart/lines", json={"plan": "pro", "quantity": 1}).status_code == 201
    shown = program.get("/quote").json()["fingerprint"]
    order = program.post("/orders", json={"shown": shown}).json()
    pay(order["payment_page"])
    until(lambda: program.get(f"/orders/{order['id']}").json()["state"] == "paid", 15)
    [user] = program.get("/users", params={"search": name}).json()["items"]
    assert program.post(f"/users/{user['id']}/license", json={"plan": "pro"}).status_code == 201


def test_a_program_buys_licenses_and_assigns_one_and_the_user_activates(
    server: Running, program: httpx.Client, tmp_path: Path
) -> None:
    # 1. Which plans are there, and what do they cost?
    plans = {plan["code"]: plan for plan in program.get("/plans").json()["items"]}
    assert plans["pro"]["prices"][0] == {"interval": "year", "amount": 13200, "currency": "EUR"}

    # 2. Five Pro licenses into the cart, and what that costs today.
    line = program.post(
        "/cart/lines", json={"plan": "pro", "quantity": 5}, headers={"Idempotency-Key": "line-1"}
    )
    assert line.status_code == 201
    quote = program.get("/quote").json()
    assert (quote["net"], quote["taxes"][0]["amount"], quote["total"]) == (66000, 13860, 79860)

    # 3. Buy at that amount. Asked twice, it is one purchase.
    accepted = {"total": quote["total"], "currency": quote["currency"]}
    order = program.post("/orders", json=accepted, headers={"Idempotency-Key": "order-1"}).json()
    again = program.post("/orders", json=accepted, headers={"Idempotency-Key": "order-1"})
    assert again.json()["id"] == order["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert order["state"] == "open"

    # 4. A person pays on the payment page; the provider's notice arrives, and the licenses are in the pool.
    pay(order["payment_page"])
    until(lambda: program.get(f"/orders/{order['id']}").json()["state"] == "paid", 15)
    [counts] = program.get("/licenses/counts").json()["items"]
    assert (counts["plan"]["code"], counts["available"], counts["assigned"]) == ("pro", 5, 0)

    # 5. A new colleague, and a license for her.
    eva = {"email": "eva@aurora.example", "first_name": "Eva", "last_name": "Duarte", "language": "en"}
    user = program.post("/users", json=eva).json()
    assert program.get("/users", params={"search": "duarte"}).json()["items"][0]["id"] == user["id"]
    key = {"Idempotency-Key": "assign-eva"}
    given = program.post(f"/users/{user['id']}/license", json={"plan": "pro"}, headers=key)
    assert given.status_code == 201
    assert given.json()["holder"]["email"] == "eva@aurora.example"

    # 6. Eva receives the letter and activates with its code, without a token.
    code = re.search(
        r"\b([0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", letter(server, "eva@aurora.example", "license_assigned")["text"]
    )
    assert code
    done = httpx.post(
        f"{server.url}/api/v1/activations", json={"code": code.group(), "device": "Eva's laptop"}
    )
    assert done.status_code == 201, done.text

    # 7. What she holds can be verified offline.
    license = open_license_file(done.json()["license_file"], done.json()["keys"])
    assert (license.plan.code, license.holder.email) == ("pro", "eva@aurora.example")
    assert license.license == given.json()["id"]
    assert license.expires_at > datetime.now(UTC)
    assert httpx.get(f"{server.url}/api/v1/license-keys").json() == done.json()["keys"]

    # 8. Online, the file is renewed; let go, it is no longer.
    bearer = {"Authorization": f"Bearer {done.json()['token']}"}
    renewed = httpx.post(f"{server.url}/api/v1/activations/current/renew", headers=bearer)
    assert (
        open_license_file(renewed.json()["license_file"], renewed.json()["keys"]).activation
        == license.activation
    )
    assert httpx.delete(f"{server.url}/api/v1/activations/current", headers=bearer).status_code == 204
    ended = httpx.get(f"{server.url}/api/v1/activations/current", headers={**bearer, "Accept-Language": "es"})
    assert (ended.status_code, ended.json()["code"]) == (401, "activation_ended")


def test_the_installed_client_works_against_these_addresses(
    server: Running, program: httpx.Client, tmp_path: Path
) -> None:
    give(program, "bob")
    text = letter(server, "bob@aurora.example", "license_assigned")["text"]
    link = re.search(r"https?://\S+/activate#\S+", text)
    assert link
    home = tmp_path / "client"

    activated = installed_client(home, "activate", link.group())
    assert activated.returncode == 0, activated.stdout + activated.stderr
    assert "Pro" in installed_client(home, "license").stdout
    assert installed_client(home, "deactivate").returncode == 0


JAVASCRIPT = """
const [root, module, code] = process.argv.slice(1);
const plain = globalThis.fetch;
globalThis.fetch = (address, options) => plain(root + address, options);
const server = await import(module);
const wrong = await server.activate("AAAA-AAAA-AAAA-AAAA", "browser", "fr").catch((error) => error);
const done = await server.activate(code, "browser", "en");
const renewed = await server.renew(done.token, "en");
await server.deactivate(done.token, "en");
const ended = await server.renew(done.token, "en").catch((error) => error);
console.log(JSON.stringify({
  wrong: [wrong.code, wrong.status, wrong.detail], keys: renewed.keys.keys.length, ended: [ended.code, ended.endsTheActivation],
}));
"""


@pytest.mark.skipif(which("node") is None, reason="Node.js is missing")
def test_the_web_app_works_against_these_addresses(
    server: Running, program: httpx.Client, tmp_path: Path
) -> None:
    give(program, "dave")
    text = letter(server, "dave@aurora.example", "license_assigned")["text"]
    code = re.search(r"/activate#(\S+)", text)
    assert code
    module = tmp_path / "server.mjs"
    module.write_text((Path(web.__file__).parent / "static" / "activate" / "server.js").read_text())

    run = subprocess.run(
        ["node", "--input-type=module", "-e", JAVASCRIPT, server.url, module.as_uri(), code.group(1)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["wrong"][:2] == ["activation_code_wrong", 422]
    assert "code d'activation" in said["wrong"][2]
    assert said["keys"] == 1
    assert said["ended"] == ["activation_ended", True]
