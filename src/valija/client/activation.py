"""The three things a device does with its license: activate, renew, deactivate."""

import contextlib
import platform
from dataclasses import replace
from datetime import UTC, datetime

from valija.client import messages
from valija.client.license_file import License, LicenseFileProblem, open_license_file
from valija.client.server import HURRY, Refused, Server
from valija.client.store import Store

DEVICE_LENGTH = 80


class NoLicense(messages.Problem):
    """Nothing was activated here."""

    code = "no_license"
    sentence = messages.NO_LICENSE


class TokenMissing(messages.Problem):
    """The license file is here, the token is not."""

    code = "token_missing"
    sentence = messages.TOKEN_MISSING


def clock() -> datetime:
    """What this device believes the time is."""
    return datetime.now(UTC)


def device_name() -> str:
    """A name by which the user recognizes this device in a list."""
    system = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    node = platform.node().partition(".")[0]
    return (f"{node} ({system})" if node and system else node or system or "valija")[:DEVICE_LENGTH]


def activate(store: Store, server: Server, code: str, device: str, instead_of: str = "") -> License:
    """Put a license to work on this device. One that was here before is let go, and so is the device `instead_of`."""
    old_server, old_token = store.state().server, store.token()
    store.keep_state(store.state())  # a folder that cannot be written is told before the code is spent
    answer = server.activate(code, device, instead_of)
    try:
        license = open_license_file(answer.license_file, answer.keys)
    except LicenseFileProblem:
        _let_go(server, answer.token)
        raise
    # The token first: a token without its license can fetch it, a license without its token cannot be renewed.
    store.keep_token(answer.token)
    store.keep_license(answer.license_file, answer.keys)
    store.keep_state(
        replace(
            store.state(), server=server.address, latest_seen=license.issued_at, ended=None, suspended=None
        )
    )
    if old_token and old_server:
        _let_go(Server(old_server, server.language, HURRY), old_token)
    return license


def renew(store: Store, server: Server) -> License:
    """Fetch a new license file. A refusal that ends the activation is remembered, so that it is told offline too."""
    token = _token(store)
    try:
        answer = server.renew(token)
    except Refused as refused:
        if refused.ends_the_activation:
            store.keep_state(replace(store.state(), ended=refused.told(server.language)))
        elif refused.suspends:
            store.keep_state(replace(store.state(), suspended=refused.told(server.language)))
        raise
    license = open_license_file(answer.license_file, answer.keys)
    store.keep_license(answer.license_file, answer.keys)
    # The server's time replaces what was seen: a clock that once ran ahead must not block the license for ever.
    store.keep_state(replace(store.state(), latest_seen=license.issued_at, ended=None, suspended=None))
    return license


def deactivate(store: Store, server: Server) -> bool:
    """Let the license go. False where the server had ended the activation before."""
    try:
        server.deactivate(_token(store))
    except Refused as refused:
        if not refused.ends_the_activation:
            raise
        store.forget_license()
        return False
    store.forget_license()
    return True


def see_the_time(store: Store, now: datetime) -> None:
    """Remember the latest time seen, so that a clock set back is noticed."""
    state = store.state()
    if state.latest_seen is None or now > state.latest_seen:
        with contextlib.suppress(messages.Problem):  # showing a license must not fail because a disk is full
            store.keep_state(replace(state, latest_seen=now))


def _let_go(server: Server, token: str) -> None:
    """End an activation that nobody will use, if the server can be asked."""
    with contextlib.suppress(messages.Problem):
        server.deactivate(token)


def _token(store: Store) -> str:
    if not store.has_license():
        raise NoLicense
    token = store.token()
    if token is None:
        raise TokenMissing
    return token
