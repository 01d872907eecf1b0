"""The web app: /activate and /app, in a real browser, with a server behind it that a test can make refuse."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests.client.conftest import GOOD_CODE, FakeValija
from tests.stories.portal import chromium

# Chromium as it was before it knew Ed25519.
WITHOUT_ED25519 = """
const importKey = crypto.subtle.importKey;
crypto.subtle.importKey = function (format, key, algorithm, ...rest) {
  if (algorithm.name === "Ed25519") return Promise.reject(new DOMException("", "NotSupportedError"));
  return importKey.call(this, format, key, algorithm, ...rest);
};
"""
CHANGE_A_BYTE = """
async () => {
  const database = await new Promise((done) => {
    const request = indexedDB.open("valija", 1);
    request.onsuccess = () => done(request.result);
  });
  await new Promise((done) => {
    const transaction = database.transaction("license", "readwrite");
    const table = transaction.objectStore("license");
    table.get("current").onsuccess = (event) => {
      const record = event.target.result;
      const { payload } = record.license_file;
      record.license_file.payload = payload.slice(0, 40) + (payload[40] === "A" ? "B" : "A") + payload.slice(41);
      table.put(record, "current");
    };
    transaction.oncomplete = done;
  });
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def portal() -> Iterator[str]:
    """The portal's address. Without a database: these pages ask it nothing."""
    server = LiveServer("localhost")
    yield server.url
    server.stop()


@pytest.fixture
def valija() -> FakeValija:
    """The server's side of the activation protocol."""
    return FakeValija(address="https://valija.example")


@pytest.fixture
def open_page(browser: Browser, portal: str, valija: FakeValija) -> Iterator[Callable[..., Page]]:
    """A page of the web app in a new browser, in English."""
    contexts = []

    def answer(route: Route) -> None:
        request = route.request
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.url.removeprefix(portal)
        status, body = valija.answer(request.method, path, headers, request.post_data_json)
        kind = "application/problem+json" if status >= 400 else "application/json"
        route.fulfill(status=status, content_type=kind, body="" if body is None else json.dumps(body))

    def open_page(path: str, script: str = "", width: int = 1280) -> Page:
        context = browser.new_context(
            locale="en",
            base_url=portal,
            service_workers="block",
            viewport={"width": width, "height": 900},
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_init_script(script)
        context.route("**/api/v1/**", answer)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def activate(page: Page) -> None:
    page.locator("#activate [type=submit]").click()


def accessible(page: Page) -> None:
    """axe finds nothing."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [360, 1280])
def test_bob_activates_in_the_browser_and_finds_his_license_again(
    open_page: Callable[..., Page], valija: FakeValija, width: int
) -> None:
    page = open_page(f"/activate#{GOOD_CODE}", width=width)
    assert "#" not in page.url
    expect(page.locator("#device")).to_have_value(re.compile("^Chrome on "))
    accessible(page)
    page.locator("#device").fill("Portátil")
    activate(page)
    expect(page.locator(".flash--ok")).to_contain_text("Bob Castellanos has the Pro plan")
    accessible(page)

    page.goto("/app")
    for fact, text in {
        "plan": "Pro",
        "holder": "bob@aurora.example",
        "account": "Clínica Aurora",
        "device": "Portátil",
    }.items():
        expect(page.locator(f"[data-fact={fact}]")).to_contain_text(text)
    expect(page.locator("[data-proof]")).to_have_text("Verified on this device")
    accessible(page)

    page.locator("#deactivate").click()
    accessible(page)
    page.locator("#let-go").click()
    expect(page.locator("#empty")).to_be_visible()
    assert valija.activations == {}
    accessible(page)


def test_what_the_server_refuses_is_told_in_its_words(open_page: Callable[..., Page]) -> None:
    page = open_page("/activate#0000-0000-0000-0001")
    activate(page)
    expect(page.locator(".flash--stop")).to_have_text(re.compile("Ese código ya se usó el martes."))
    expect(page.locator("#code")).to_have_value("0000-0000-0000-0001")
    expect(page.locator("#license")).to_be_hidden()
    accessible(page)


def test_a_code_that_is_none_is_told_before_the_server_is_asked(
    open_page: Callable[..., Page], valija: FakeValija
) -> None:
    page = open_page("/activate#7Q2M")
    activate(page)
    expect(page.locator("#code-error")).to_contain_text("16 letters and digits")
    expect(page.locator("#code")).to_be_focused()
    expect(page.locator("#code")).to_have_attribute("aria-invalid", "true")
    accessible(page)
    page.locator("#code").fill(f"https://valija.example/activate#{GOOD_CODE}")  # the whole link, pasted
    activate(page)
    expect(page.locator("#license")).to_be_visible()
    assert len(valija.activations) == 1


def test_a_license_file_that_does_not_fit_is_not_kept(
    open_page: Callable[..., Page], valija: FakeValija
) -> None:
    valija.spoil = True
    page = open_page(f"/activate#{GOOD_CODE}")
    activate(page)
    expect(page.locator(".flash--stop")).to_contain_text("The signature does not fit")
    assert valija.activations == {}
    page.goto("/app")
    expect(page.locator("#empty")).to_be_visible()


def test_a_changed_byte_is_told_and_cured_by_the_server(
    open_page: Callable[..., Page], valija: FakeValija
) -> None:
    page = open_page(f"/activate#{GOOD_CODE}")
    activate(page)
    expect(page.locator("#license")).to_be_visible()
    page.evaluate(CHANGE_A_BYTE)
    valija.withdrawn = True
    page.goto("/app")
    expect(page.locator(".flash--stop")).to_contain_text("The signature does not fit")
    expect(page.locator("#license")).to_be_hidden()
    valija.withdrawn = False
    page.locator("#renew").click()
    expect(page.locator("#license")).to_be_visible()


def test_a_browser_that_cannot_verify_says_so(open_page: Callable[..., Page]) -> None:
    page = open_page(f"/activate#{GOOD_CODE}", WITHOUT_ED25519)
    activate(page)
    expect(page.locator("[data-proof]")).to_contain_text("Not verified")
    expect(page.locator("#license")).to_have_attribute("data-verified", "false")


def test_a_withdrawn_license_stops_and_says_so(open_page: Callable[..., Page], valija: FakeValija) -> None:
    page = open_page(f"/activate#{GOOD_CODE}")
    activate(page)
    expect(page.locator("#license")).to_be_visible()
    valija.withdrawn = True
    page.goto("/app")
    page.locator("#renew").click()
    expect(page.locator("[data-standing=ended]")).to_be_visible()
    expect(page.locator("[data-advice]")).to_contain_text("Esa licencia se retiró el martes.")


@pytest.mark.parametrize("width", [360, 1280])
def test_too_many_devices_are_listed_and_one_is_let_go(
    open_page: Callable[..., Page], valija: FakeValija, width: int
) -> None:
    valija.most = 2
    for name in ("Laptop", "Phone"):
        valija.activations[f"token-{name}"] = {"activation": name, "device": name}
    page = open_page(f"/activate#{GOOD_CODE}", width=width)
    page.locator("#device").fill("Portátil")
    activate(page)
    expect(page.locator("#devices")).to_be_visible()
    accessible(page)
    page.get_by_label("Phone").check()
    page.get_by_role("button", name="Let it go there and activate here").click()
    expect(page.locator("#license")).to_be_visible()
    assert {each["device"] for each in valija.activations.values()} == {"Laptop", "Portátil"}


def test_a_suspended_license_rests_and_comes_back(open_page: Callable[..., Page], valija: FakeValija) -> None:
    page = open_page(f"/activate#{GOOD_CODE}")
    activate(page)
    expect(page.locator("#license")).to_be_visible()
    valija.suspended = True
    page.goto("/app")
    page.locator("#renew").click()
    expect(page.locator("[data-standing=suspended]")).to_be_visible()
    expect(page.locator("[data-advice]")).to_contain_text("La renovación no se pagó.")
    accessible(page)
    valija.suspended = False
    page.goto("/app")  # asked about each time, due or not
    expect(page.locator("[data-standing=good]")).to_be_visible()


def test_the_clock_and_the_dates_are_watched(open_page: Callable[..., Page]) -> None:
    page = open_page(f"/activate#{GOOD_CODE}")
    activate(page)
    expect(page.locator("#license")).to_be_visible()
    page.context.route("**/api/v1/**", lambda route: route.abort())
    for days, standing in ((15, "offline_too_long"), (100, "expired"), (1, "clock_set_back")):
        later = page.context.new_page()
        later.add_init_script(f"const before = Date.now; Date.now = () => before() + {days} * 86400000;")
        later.goto("/app")
        expect(later.locator("#license")).to_have_attribute("data-standing", standing)
        expect(later.locator("[data-advice]")).to_be_visible()
        accessible(later)


def test_without_scripts_the_page_offers_the_command_line(browser: Browser, portal: str) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=portal, locale="en")
    page = context.new_page()
    for path in ("/activate", "/app"):
        page.goto(path)
        expect(page.locator("noscript")).to_be_visible()
        assert "valija activate LINK" in page.locator("noscript").inner_text()
        expect(page.locator("#activate, #acts")).to_be_hidden()
    context.close()


def test_the_app_can_be_installed(client: Client, db: None) -> None:
    manifest = client.get(reverse("app_manifest"), headers={"Accept-Language": "fr"})
    assert manifest["Content-Type"] == "application/manifest+json"
    told = manifest.json()
    assert (told["lang"], told["start_url"], told["display"]) == ("fr", "/app", "standalone")
    assert {(icon["sizes"], icon["purpose"]) for icon in told["icons"]} == {
        ("192x192", "any"), ("512x512", "any"), ("512x512", "maskable"),
    }  # fmt: skip
    worker = client.get(reverse("app_worker"))
    assert worker["Content-Type"].startswith("text/javascript")
    assert (worker["Service-Worker-Allowed"], "no-cache" in worker["Cache-Control"]) == ("/", True)


def test_the_pages_that_a_browser_keeps_name_nobody(signed_in: Callable[..., Client], alice: object) -> None:
    browser = signed_in(alice)
    for page in ("activate_page", "app_page"):
        answer = browser.get(reverse(page))
        text = answer.content.decode()
        assert "Alice" not in text
        assert "alice@" not in text
        assert "no-cache" in answer["Cache-Control"]
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)
