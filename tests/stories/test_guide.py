"""The printed guide, step by step, by the labels it tells people to press: in each language, and without scripts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import databases
from tests.server.running import Running, running
from tests.stories.portal import (
    ENGLISH,
    FRENCH,
    SPANISH,
    Labels,
    chromium,
    client,
    context_of,
    fresh_link,
    letter,
    sign_in,
    speak,
)  # fmt: skip

pytestmark = [pytest.mark.story, pytest.mark.browser, pytest.mark.server]

CARD = "4242 4242 4242 4242"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("guide") / "home"
    with databases.fresh() as url, running(home, "--demo", database_url=url) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = context_of(browser)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """A browser that runs no scripts."""
    context = context_of(browser, script=False)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("labels", "name", "email", "their_language"),
    [
        (SPANISH, "Bob Castellanos", "bob@aurora.example", "en"),
        (ENGLISH, "Dave Martin", "dave@aurora.example", "fr"),
        (FRENCH, "Carol Iglesias", "carol@aurora.example", "es"),
    ],
    ids=["es", "en", "fr"],
)
def test_alice_buys_licenses_and_a_colleague_activates_his(
    server: Running, page: Page, tmp_path: Path, labels: Labels, name: str, email: str, their_language: str
) -> None:
    sign_in(page, fresh_link(server, "alice@aurora.example"))
    speak(page, labels.language)
    buy(page, labels, "Pro", 2)
    assign(page, labels, name, "Pro")

    received = letter(server, email, "license_assigned")
    assert received["language"] == their_language
    assert "Pro" in received["subject"]
    link = received["links"][0]
    assert link.partition("#")[2] not in received["subject"]

    if labels is FRENCH:
        activate_in_browser(page, link, "Pro", name)
    else:
        activate_on_command_line(tmp_path, link, "Pro", name, email)


def test_the_guide_works_without_scripts(server: Running, plain_page: Page, tmp_path: Path) -> None:
    page = plain_page
    sign_in(page, fresh_link(server, "alice@aurora.example"))
    speak(page, "es")
    buy(page, SPANISH, "Advanced", 1)
    go(page, SPANISH, SPANISH.users)
    page.locator("[name=first_name]").fill("Elena")
    page.locator("[name=last_name]").fill("Prats")
    page.locator("[name=email]").fill("elena@aurora.example")
    page.locator("form:has([name=first_name]) button[type=submit]").click()
    assign(page, SPANISH, "Elena Prats", "Advanced")
    received = letter(server, "elena@aurora.example", "license_assigned")
    activate_on_command_line(
        tmp_path, received["links"][0], "Advanced", "Elena Prats", "elena@aurora.example"
    )


def go(page: Page, labels: Labels, entry: str) -> None:
    """Options, then an entry of its menu."""
    menu = page.locator("details.menu--options")
    expect(menu.locator("summary")).to_have_text(re.compile(labels.options))
    menu.locator("summary").click()
    menu.get_by_role("link", name=entry).click()
    expect(page.get_by_role("heading", level=1, name=entry)).to_be_visible()


def buy(page: Page, labels: Labels, plan: str, number: int) -> None:
    go(page, labels, labels.licenses)
    before = available(page, plan)
    offer = page.locator("article.plan").filter(has=page.get_by_role("heading", name=plan, exact=True))
    offer.locator("[name=quantity]").fill(str(number))
    offer.get_by_role("button", name=labels.add).click()
    expect(page.locator("#cart").get_by_text(plan, exact=True).first).to_be_visible()

    page.locator("#cart").get_by_role("link", name=labels.confirm).click()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name=labels.proceed).click()

    page.locator("[name=number]").fill(CARD)
    for field, value in {"expiry": "12 / 30", "cvc": "123", "name": "Alice Romero"}.items():
        if page.locator(f"[name={field}]").count():
            page.locator(f"[name={field}]").fill(value)
    page.locator("form:has([name=number]) button[type=submit]").first.click()
    expect(page.get_by_role("heading", level=1, name=labels.licenses)).to_be_visible()
    assert available(page, plan) == before + number


def available(page: Page, plan: str) -> int:
    """How many licenses of a plan the table says are available."""
    rows = page.locator("table tr").filter(has=page.get_by_role("rowheader", name=plan, exact=True))
    of_pool = rows.filter(has=page.locator("td.num"))
    if not of_pool.count():
        return 0
    return int(re.sub(r"\D", "", of_pool.first.locator("td.num").first.inner_text()))


def assign(page: Page, labels: Labels, name: str, plan: str) -> None:
    go(page, labels, labels.users)
    row = page.get_by_role("row").filter(has_text=name)
    row.get_by_role("link", name=labels.license).click()
    page.get_by_role("radio", name=re.compile(rf"^{plan}\b")).check()
    page.locator(".window").get_by_role("button", name=labels.save, exact=True).click()
    expect(page.locator(".flash--ok")).to_contain_text(name)
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text(plan)


def activate_on_command_line(home: Path, link: str, plan: str, name: str, email: str) -> None:
    done = client(home, "activate", link, "--device", "Portátil")
    assert done.returncode == 0, done.stderr
    shown = client(home, "license", "--json")
    assert shown.returncode == 0, shown.stderr
    license = json.dumps(json.loads(shown.stdout), ensure_ascii=False)
    for expected in (plan, name, email, "Clínica Aurora"):
        assert expected in license
    again = client(home.with_name("other"), "activate", link)
    assert again.returncode == 1, "a code works once"


def activate_in_browser(page: Page, link: str, plan: str, name: str) -> None:
    page.goto(link)
    if page.locator("form button[type=submit]").first.is_visible():
        page.locator("main form button[type=submit]").first.click()
    expect(page.get_by_text(name).first).to_be_visible()
    expect(page.get_by_text(plan, exact=True).first).to_be_visible()
    assert link.partition("#")[2] not in page.url

    page.goto(page.url.partition("/activate")[0] + "/app")
    expect(page.get_by_text(name).first).to_be_visible()
    page.wait_for_function("navigator.serviceWorker && navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_text(name).first).to_be_visible()
    expect(page.get_by_text(plan, exact=True).first).to_be_visible()
    page.context.set_offline(False)
