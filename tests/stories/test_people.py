"""Many people at once in a real browser: a list imported, licenses bought that are missing, assigned, undone; another address."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import databases
from tests.screenshots import violations
from tests.server.running import Running, running
from tests.stories.portal import chromium, context_of, fresh_link, letter, sign_in, speak

pytestmark = [pytest.mark.story, pytest.mark.browser, pytest.mark.server]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("people") / "home"
    with databases.fresh() as url, running(home, "--demo", database_url=url) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, server: Running) -> Iterator[Page]:
    context = context_of(browser)
    page = context.new_page()
    sign_in(page, fresh_link(server, "alice@aurora.example"))
    speak(page, "en")
    yield page
    context.close()


def test_three_hundred_are_imported_but_for_twelve_and_the_missing_licenses_are_in_the_cart(
    page: Page, server: Running, tmp_path: Path
) -> None:
    url = server.url
    page.goto(f"{url}/licenses")
    lines = ["email;first name;last name"]
    lines += [f"person{n:03}@aurora.example;Person;Number {n:03}" for n in range(288)]
    lines += [f"wrong{n}@elsewhere.example;Wrong;{n}" for n in range(12)]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(lines))
    page.goto(f"{url}/users/import")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="See the plan").click()
    page.get_by_role("button", name="Apply the 288 good rows").click(timeout=20_000)
    expect(page.locator("#work")).to_contain_text("Could not be done", timeout=20_000)
    expect(page.locator(".lead")).to_be_visible()
    page.get_by_role("link", name="Only the refused").click()
    expect(page.locator("#work")).to_contain_text("The domain is not approved")
    assert violations(page) == []

    page.goto(f"{url}/users?q=person")
    page.check("#all")
    page.get_by_role("button", name="Assign licenses").click()
    page.get_by_label("Pro", exact=True).check()
    page.get_by_role("button", name="See the plan").click()
    expect(page.locator("#work")).to_contain_text("288 missing licenses")
    assert violations(page) == []
    page.get_by_role("button", name="Put the 288 missing licenses into the cart").click()
    expect(page.locator("main")).to_contain_text("288 licenses were put into the cart.")


def test_an_address_is_changed_from_its_mailbox(page: Page, server: Running, browser: Browser) -> None:
    page.goto(f"{server.url}/users?q=bob")
    page.get_by_role("link", name="Edit").click()
    page.fill("#new_email", "robert@aurora.example")
    page.get_by_role("button", name="Send the link").click()
    expect(page.locator("main")).to_contain_text("robert@aurora.example waits to be confirmed")
    link = letter(server, "robert@aurora.example", "address_to_confirm")["links"][0]
    context = context_of(browser, script=False)
    other = context.new_page()
    other.goto(link)
    other.locator("main form button[type=submit]").first.click()
    expect(other.locator("main")).to_contain_text("robert@aurora.example")
    context.close()
    page.reload()
    expect(page.locator(".lead")).to_contain_text("robert@aurora.example")


def test_the_list_answers_while_one_types(page: Page, server: Running) -> None:
    page.goto(f"{server.url}/users")
    page.locator("#q").press_sequentially("dave", delay=30)
    expect(page.locator("#found")).not_to_contain_text("Alice", timeout=5_000)
    expect(page.locator("#found")).to_contain_text("Dave Martin")
    assert "q=dave" in page.url
