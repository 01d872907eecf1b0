"""Every page of the portal, as its readers see it: for pictures (`bin/screenshots`) and for tests/stories/test_every_page.py.

A new page is listed in PAGES, or in LEFT_OUT with the reason; a test fails until it is.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.filling import fill
from tests.server.running import Running, running
from tests.stories.portal import chromium, fresh_link, sign_in, speak

LANGUAGES = ("es", "en", "fr")
WIDTHS = (360, 1280)
THEMES = ("light", "dark")
EMAIL = {
    "alice": "alice@aurora.example",
    "bob": "bob@aurora.example",
    "carol": "carol@aurora.example",
    "mallory": "mallory@borealis.example",
    "oscar": "oscar@valija.example",
}
NOBODY = ""


@dataclass(frozen=True)
class Stop:
    """A page, or a state of one: where it is, who sees it, what he does there first."""

    route: str
    who: str
    path: str  # with {names} of what `fill` has made
    state: str = ""
    act: Callable[[Page], None] | None = None
    status: int = 200

    @property
    def name(self) -> str:
        return f"{self.route}-{self.state}" if self.state else self.route


def _wrong_code(page: Page) -> None:
    page.fill("#email", "alice@aurora.example")
    page.fill("#code", "000000")
    page.click("main form button[type=submit]")
    page.wait_for_selector(".flash--stop")


def _used_link(page: Page) -> None:
    page.click("main form button[type=submit]")
    page.wait_for_selector(".flash--stop")


def _old_page(page: Page) -> None:
    page.eval_on_selector_all("[name=csrfmiddlewaretoken]", "all => all.forEach(each => each.value = 'x')")
    page.fill("#email", "alice@aurora.example")
    page.click("main form button[type=submit]")
    page.wait_for_selector(".notfound")


def _no_name(page: Page) -> None:
    page.fill("#first_name", " ")
    page.locator(".savebar button").click()
    page.wait_for_selector(".field--error")


def _private_address(page: Page) -> None:
    page.fill("#url", "https://10.0.0.1/hook")
    page.locator(".savebar button").click()
    page.wait_for_selector(".field--error")


def _unfold(page: Page) -> None:
    page.locator(".entry__more summary").first.click()
    page.wait_for_selector(".entry__more dl")


def _wrong_card(page: Page) -> None:
    for name, value in {"number": "4242", "expiry": "12 / 30", "cvc": "123", "name": "Mallory"}.items():
        page.fill(f"#{name}", value)
    page.click("main form button[type=submit]")
    page.wait_for_selector(".flash--stop")


def _menu(page: Page) -> None:
    page.locator(".menu--options summary").click()


def _window(link: str) -> Callable[[Page], None]:
    def open_it(page: Page) -> None:
        page.locator(link).first.click()
        page.wait_for_selector("dialog.window[open]")

    return open_it


PAGES = (
    Stop("show_sign_in", NOBODY, "/sign-in"),
    Stop("show_sign_in", NOBODY, "/sign-in", "old page", _old_page),
    Stop("sign_in_with_code", NOBODY, "/sign-in/code"),
    Stop("sign_in_with_code", NOBODY, "/sign-in/code", "refused", _wrong_code),
    Stop("sign_in_with_link", NOBODY, "/sign-in/link?token=x"),
    Stop("sign_in_with_link", NOBODY, "/sign-in/link?token=x", "used", _used_link),
    Stop("activate_page", NOBODY, "/activate"),
    Stop("app_page", NOBODY, "/app"),
    Stop("account_page", "bob", "/account"),
    Stop("account_page", "bob", "/account", "refused", _no_name),
    Stop("account_page", "carol", "/account", "without a license"),
    Stop("own_journal", "bob", "/journal/mine"),
    Stop("account_journal", "alice", "/journal"),
    Stop("account_journal", "alice", "/journal", "menu open", _menu),
    Stop("account_journal", "alice", "/journal?q=nothing-like-it", "nothing found"),
    Stop(
        "account_journal",
        "alice",
        "/journal?topic=licenses&person=bob&kind=license&live=1",
        "narrowed and live",
    ),
    Stop("account_journal", "alice", "/journal?topic=licenses", "unfolded", _unfold),
    Stop("user_journal", "alice", "/users/{bob}/journal"),
    Stop("journal_entry", "alice", "/journal/entries/{entry}"),
    Stop("users", "alice", "/users"),
    Stop("users", "alice", "/users", "window", _window("a[data-window]")),
    Stop("users", "alice", "/users?q=nothing-like-it", "nothing found"),
    Stop("user_import", "alice", "/users/import"),
    Stop("bulk_acts", "alice", "/users/bulk"),
    Stop("bulk_act", "alice", "/users/bulk/{bulk}"),
    Stop("domain_move", "alice", "/users/move"),
    Stop("user", "alice", "/users/{bob}"),
    Stop("deletion", "alice", "/users/{bob}/deletion"),
    Stop("address_change", NOBODY, "/address/confirm?token=x", status=409),
    Stop("user_license", "alice", "/users/{dave}/license", "to assign"),
    Stop("user_license", "alice", "/users/{bob}/license", "held"),
    Stop("user_license", "alice", "/users/{bob}/license?tab=modify", "modify"),
    Stop("user_license", "alice", "/users/{bob}/license?tab=withdraw", "withdraw"),
    Stop("license_receivers", "alice", "/users/{bob}/license/receivers"),
    Stop("license_receivers", "alice", "/users/{bob}/license/receivers?q=nothing-like-it", "nobody"),
    Stop("license_receivers", "alice", "/users/{dave}/license/receivers", "nothing to transfer"),
    Stop("licenses", "alice", "/licenses"),
    Stop("available_licenses", "alice", "/licenses/pro/year/available"),
    Stop(
        "available_licenses", "alice", "/licenses/pro/year/available?number=1&when=renewal", "at the renewal"
    ),
    Stop("available_licenses", "alice", "/licenses/pro/year/available?number=1&when=now", "now"),
    Stop("available_licenses", "alice", "/licenses/pro/year/available?number=99", "too many", status=409),
    Stop("license_holders", "alice", "/licenses/pro/year/holders"),
    Stop("license_holders", "carol", "/licenses/pro/year/holders?q=nothing-like-it", "nobody"),
    Stop("license_list", "alice", "/licenses/all"),
    Stop("license_list", "alice", "/licenses/all?state=ended", "nothing found"),
    Stop("show_license", "alice", "/licenses/{license}"),
    Stop("show_license", "bob", "/licenses/{license}", "one's own"),
    Stop("licenses", "alice", "/licenses", "window", _window('a[data-window][href*="confirm"]')),
    Stop("licenses", "mallory", "/licenses", "empty cart"),
    Stop("confirm_purchase", "alice", "/purchases/confirm"),
    Stop("quote_upgrade", "alice", "/licenses/upgrade?pool=advanced&interval=year"),
    Stop("quote_upgrade", "alice", "/licenses/upgrade?pool=advanced&interval=year&plan=pro", "amounts"),
    Stop("downgrade", "alice", "/licenses/downgrade?pool=pro&interval=year"),
    Stop("downgrade", "alice", "/licenses/downgrade?pool=pro&interval=year&plan=eco&when=now", "sure"),
    Stop("quote_activations", "alice", "/licenses/{shared}/activations"),
    Stop("quote_activations", "alice", "/licenses/{shared}/activations?more=2", "amounts"),
    Stop("subscriptions", "carol", "/subscriptions"),
    Stop("subscriptions", "mallory", "/subscriptions", "none"),
    Stop("show_cancellation", "alice", "/subscriptions/{subscription}/cancellation"),
    Stop("trial", "mallory", "/trial"),
    Stop("purchases", "carol", "/purchases"),
    Stop("purchases", "mallory", "/purchases", "of another account"),
    Stop("purchase", "carol", "/purchases/{paid}"),
    Stop("test_payment", "mallory", "/test-payment/{payment}"),
    Stop("test_payment", "mallory", "/test-payment/{payment}", "refused", _wrong_card),
    Stop("test_payment", "carol", "/test-payment/{storing}", "storing"),
    Stop("payment_method", "carol", "/payment-method"),
    Stop("payment_method", "mallory", "/payment-method", "none"),
    Stop("groups", "alice", "/groups"),
    Stop("groups", "mallory", "/groups", "none"),
    Stop("group", "alice", "/groups/{group}?q=a"),
    Stop("group", "alice", "/groups/{outer}", "with a group in it"),
    Stop("automatic_licenses", "alice", "/licenses/automatic"),
    Stop("automatic_licenses", "mallory", "/licenses/automatic", "none"),
    Stop("preview_rule", "alice", "/licenses/automatic/preview?carrier=group:{outer}&plan=eco"),
    Stop("license_rule", "alice", "/licenses/automatic/{rule}"),
    Stop("license_requests", "alice", "/licenses/requests"),
    Stop("license_requests", "mallory", "/licenses/requests", "none"),
    Stop("planned_changes", "alice", "/licenses/planned"),
    Stop("planned_changes", "mallory", "/licenses/planned", "none"),
    Stop("idle_licenses", "alice", "/licenses/idle"),
    Stop("idle_licenses", "mallory", "/licenses/idle", "none"),
    Stop("domains", "alice", "/domains"),
    Stop("domains", "mallory", "/domains", "all approved"),
    Stop("webhooks", "alice", "/webhooks"),
    Stop("webhooks", "alice", "/webhooks", "refused", _private_address),
    Stop("webhooks", "mallory", "/webhooks", "none"),
    Stop("webhook", "alice", "/webhooks/{webhook}"),
    Stop("api_tokens", "alice", "/tokens"),
    Stop("api_tokens", "mallory", "/tokens", "none"),
    Stop("provider_console", "oscar", "/provider"),
    Stop("own_journal", "oscar", "/journal/mine", "of the provider"),
    Stop("not found", "alice", "/nothing-here", status=404),
    Stop("not found", NOBODY, "/nothing-here", "signed out", status=404),
    Stop("forbidden", "bob", "/users", status=403),
)

LEFT_OUT = {
    "import_template": "a file",
    "export_users": "a file",
    "show_import": "its states are shown by tests/stories/test_people.py",
    "home": "leads to another page",
    "healthz": "for machines",
    "app_manifest": "for machines",
    "app_worker": "for machines",
    "purchase_return": "leads to another page",
    "storing_return": "leads to another page",
}


# The server and what is in it


@contextmanager
def filled(home: Path, database_url: str = "") -> Iterator[tuple[Running, dict[str, str]]]:
    """A server with the cast, and the keys of what was made in it."""
    with running(home, "--demo", database_url=database_url) as server:
        printed = subprocess.run(
            [sys.executable, "-m", "tests.screenshots", "--fill"],
            env={
                **server.environment,
                "VALIJA_URL": server.url,
                "DJANGO_SETTINGS_MODULE": "valija.settings",
                "PYTHONPATH": os.pathsep.join(("src", ".")),
            },
            capture_output=True,
            text=True,
        )
        assert printed.returncode == 0, printed.stderr
        yield server, json.loads(printed.stdout.splitlines()[-1])


# The walk


@dataclass
class Visitor:
    """Somebody's browser, and what it complained of."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)


class Walk:
    """People who go from page to page, each in a browser of his own."""

    def __init__(self, server: Running, keys: dict[str, str], browser: Browser) -> None:
        self.server, self.keys, self.browser = server, keys, browser
        self.visitors: dict[str, Visitor] = {}
        self.language: dict[str, str] = {}

    def visitor(self, who: str) -> Visitor:
        if who not in self.visitors:
            context = self.browser.new_context(base_url=self.server.url)
            context.set_default_timeout(10_000)
            visitor = self.visitors[who] = Visitor(context, context.new_page())
            if who != NOBODY:
                sign_in(visitor.page, fresh_link(self.server, EMAIL[who]))
            self._listen(visitor)
        return self.visitors[who]

    def _listen(self, visitor: Visitor) -> None:
        def said(message: ConsoleMessage) -> None:
            # An answer of 403, 404, 409 or 422 is meant; the browser reports it as a resource that failed.
            if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
                visitor.complaints.append(message.text)

        visitor.page.on("console", said)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitor.page.on("requestfailed", lambda request: visitor.complaints.append(f"failed: {request.url}"))

    def speaking(self, who: str, language: str) -> Visitor:
        visitor = self.visitor(who)
        if self.language.get(who) != language:
            visitor.page.goto("/account" if who != NOBODY else "/sign-in")
            speak(visitor.page, language)
            self.language[who] = language
        return visitor

    def see(self, stop: Stop, language: str, width: int, theme: str) -> Visitor:
        """Open a page as it is meant to be seen."""
        visitor = self.speaking(stop.who, language)
        visitor.complaints.clear()
        visitor.page.set_viewport_size({"width": width, "height": 900 if width > 500 else 740})
        visitor.page.emulate_media(
            color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce"
        )
        answer = visitor.page.goto(self.path(stop))
        assert answer is not None
        assert answer.status == stop.status, f"{stop.name} answers {answer.status}"
        if stop.act:
            stop.act(visitor.page)
        # The pages of activation fill themselves from what the browser keeps.
        visitor.page.wait_for_load_state("networkidle" if stop.who == NOBODY else "load")
        return visitor

    def path(self, stop: Stop) -> str:
        return stop.path.format(**self.keys)


def violations(page: Page) -> list[str]:
    """What axe finds: rule, and the first element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:160]}" for each in found]


def too_wide(page: Page) -> int:
    """By how many pixels the page can be moved sideways."""
    script = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(script))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/screenshots", description="Pictures of every page, and what axe says."
    )
    parser.add_argument("--out", type=Path, default=Path("var/screenshots"))
    parser.add_argument("--language", choices=LANGUAGES, action="append", help="default: all three")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--no-axe", action="store_true", help="pictures alone")
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        print(json.dumps(fill()))
        return 0
    with tempfile.TemporaryDirectory(prefix="valija-screenshots-") as folder:
        home = Path(folder) / "home"
        with filled(home) as (server, keys), chromium() as browser:
            return take(Walk(server, keys, browser), options)


def take(walk: Walk, options: argparse.Namespace) -> int:
    """Every page in every look, into one folder; the number of complaints is the exit code."""
    pictures = complaints = 0
    for language in options.language or LANGUAGES:
        folder = options.out / language
        folder.mkdir(parents=True, exist_ok=True)
        for number, stop in enumerate(PAGES, 1):
            if options.only not in stop.name:
                continue
            for width in WIDTHS:
                for theme in THEMES:
                    visitor = walk.see(stop, language, width, theme)
                    name = f"{number:02d}-{stop.name.replace(' ', '-')}-{width}-{theme}"
                    visitor.page.screenshot(path=folder / f"{name}.png", full_page=True)
                    pictures += 1
                    said = [] if options.no_axe else [*violations(visitor.page), *visitor.complaints]
                    if wide := too_wide(visitor.page):
                        said.append(f"{wide} px too wide")
                    complaints += len(said)
                    for words in said:
                        print(f"{language}/{name}: {words}")
    print(f"{pictures} pictures in {options.out}, {complaints} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    raise SystemExit(main())
