"""A browser in words, from what it says of itself. For people to recognize their own, not for decisions."""

import re
from typing import NamedTuple

# The first that fits: browsers name their ancestors too.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:HeadlessChrome|Chrome|CriOS)/(\d+)"),
    ("Safari", r"Version/(\d+)\S* (?:Mobile/\S+ )?Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"),
    ("macOS", r"Macintosh"),
    ("Linux", r"Linux|X11"),
)


class Browser(NamedTuple):
    """What is known of a browser; either may be empty."""

    name: str
    system: str

    def __str__(self) -> str:
        return ", ".join(filter(None, self))


def parse(user_agent: str) -> Browser:
    """Name with version, and system; a program that is no browser by the first word it says."""
    for name, pattern in _BROWSERS:
        if found := re.search(pattern, user_agent):
            return Browser(f"{name} {found[1]}", _system(user_agent))
    return Browser(user_agent.partition(" ")[0].replace("/", " ")[:40], _system(user_agent))


def _system(user_agent: str) -> str:
    return next((name for name, pattern in _SYSTEMS if re.search(pattern, user_agent)), "")
