"""Every page, in three languages, on a phone and on a desk: nothing for axe to find, nothing sideways, nothing heavy."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests import databases
from tests.screenshots import (
    LANGUAGES,
    LEFT_OUT,
    NOBODY,
    PAGES,
    WIDTHS,
    Stop,
    Walk,
    filled,
    too_wide,
    violations,
)
from tests.stories.portal import chromium

pytestmark = [pytest.mark.story, pytest.mark.browser, pytest.mark.server]

FIRST, LATER = 100_000, 20_000  # bytes as they travel
# So that each language is seen in both, without seeing everything four times.
THEME = {
    ("es", 360): "light",
    ("es", 1280): "dark",
    ("en", 360): "dark",
    ("en", 1280): "light",
    ("fr", 360): "light",
    ("fr", 1280): "dark",
}
PLAIN = [stop for stop in PAGES if stop.act is None]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Walk]:
    home = tmp_path_factory.mktemp("every-page") / "home"
    with databases.fresh() as url, filled(home, url) as (server, keys):
        yield Walk(server, keys, browser)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stop", PAGES, ids=lambda stop: stop.name)
def test_a_page_can_be_used_by_everybody(walk: Walk, stop: Stop, language: str) -> None:
    for width in WIDTHS:
        visitor = walk.see(stop, language, width, THEME[language, width])
        assert violations(visitor.page) == [], f"at {width} px"
        assert too_wide(visitor.page) <= 0, f"at {width} px"
        assert visitor.complaints == [], f"at {width} px"


@pytest.mark.parametrize("stop", PLAIN, ids=lambda stop: stop.name)
def test_a_page_is_light(walk: Walk, stop: Stop) -> None:
    first, later = transferred(walk, stop)
    print(f"{stop.name}: {first / 1000:.1f} KB, then {later / 1000:.1f} KB")
    assert first < FIRST
    assert later < LATER


def transferred(walk: Walk, stop: Stop) -> tuple[int, int]:
    """Bytes of a first visit with an empty cache, and of the next one."""
    cookies = walk.visitor(stop.who).context.storage_state()
    context = walk.browser.new_context(
        base_url=walk.server.url, storage_state=cookies, service_workers="block"
    )
    try:
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        counted: list[float] = []

        def arrived(event: dict[str, Any]) -> None:
            counted.append(event["encodedDataLength"])

        devtools.on("Network.loadingFinished", arrived)
        devtools.send("Network.enable")
        sums = []
        for _visit in range(2):
            counted.clear()
            page.goto(walk.path(stop), wait_until="networkidle")
            sums.append(int(sum(counted)))
        return sums[0], sums[1]
    finally:
        context.close()


def test_no_page_is_forgotten() -> None:
    """Every named page is walked to, or left out for a reason."""
    listed = {stop.route for stop in PAGES}
    named = set(pages_of_the_site_map())
    assert named - listed - LEFT_OUT.keys() == set()
    assert LEFT_OUT.keys() - named == set()
    assert listed - named - {"not found", "forbidden"} == set()
    assert NOBODY == ""


def pages_of_the_site_map() -> Iterator[str]:
    """The names of the routes that a browser may ask for with GET."""
    from valija.web.urls import urlpatterns

    for pattern in urlpatterns:
        methods = methods_of(pattern.callback)
        if methods is None or "GET" in methods:
            yield str(pattern.name)


def methods_of(view: Any) -> set[str] | None:
    """The methods that Django's decorators let through; None if none of them was used."""
    while view is not None:
        names = view.__code__.co_freevars
        if "request_method_list" in names:
            return set(view.__closure__[names.index("request_method_list")].cell_contents)
        view = getattr(view, "__wrapped__", None)
    return None
