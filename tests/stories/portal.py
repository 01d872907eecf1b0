"""A person before the portal: a real browser, a real server, and the letters that it writes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.server.running import Running, command, until

# Chromium calls home otherwise; as root it needs to be told to go without its sandbox.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    path = which("chromium") or which("chromium-browser") or which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Labels:
    """What the printed guide tells people to press."""

    language: str
    options: str
    licenses: str
    add: str
    confirm: str
    proceed: str
    users: str
    license: str
    save: str


SPANISH = Labels(
    "es", "Opciones", "Gestión de licencias y compras", "Agregar", "Confirmar mis compras", "Proceder a la compra",
    "Administración de usuarios", "Administración de licencias", "Guardar",
)  # fmt: skip
ENGLISH = Labels(
    "en", "Options", "License management and purchases", "Add", "Confirm my purchases", "Proceed to purchase",
    "User management", "License management", "Save",
)  # fmt: skip
FRENCH = Labels(
    "fr", "Options", "Gestion des licences et achats", "Ajouter", "Confirmer mes achats", "Procéder à l'achat",
    "Gestion des utilisateurs", "Gestion des licences", "Enregistrer",
)  # fmt: skip


def sign_in(page: Page, link: str) -> None:
    """Open a sign-in link and press its one button."""
    page.goto(link)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def fresh_link(server: Running, email: str) -> str:
    return command(server.home, "sign-in-link", email, **_of(server)).stdout.split()[-1]


def speak(page: Page, language: str) -> None:
    """Choose a language at the foot of the page."""
    page.locator(f'footer button[name=language][value="{language}"]').click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == language


def letters_to(server: Running, email: str) -> list[dict[str, Any]]:
    printed = command(server.home, "outbox", "--to", email, **_of(server)).stdout
    return [json.loads(line) for line in printed.splitlines()]


def letter(server: Running, email: str, kind: str) -> dict[str, Any]:
    """The latest letter of a kind to somebody, once it is written."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = [each for each in letters_to(server, email) if each["letter"] == kind]
        return bool(found)

    until(there, 5)
    return found[-1]


def client(home: Path, *arguments: str, language: str = "en") -> subprocess.CompletedProcess[str]:
    """The `valija` that a user installs, on his own machine."""
    return subprocess.run(
        [sys.executable, "-m", "valija.client", *arguments],
        env={"VALIJA_CLIENT_HOME": str(home), "LC_ALL": f"{language}.UTF-8", "PATH": "/usr/bin:/bin", "PYTHONPATH": "src"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def _of(server: Running) -> dict[str, str]:
    return {"database_url": server.environment["VALIJA_DATABASE_URL"], "VALIJA_URL": server.url}


def context_of(browser: Browser, *, script: bool = True, width: int = 1280) -> BrowserContext:
    context = browser.new_context(java_script_enabled=script, viewport={"width": width, "height": 900})
    context.set_default_timeout(10_000)
    return context
