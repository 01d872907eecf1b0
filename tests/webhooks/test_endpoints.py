"""Who may have events sent where: public addresses alone, for administrators alone."""

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import httpcore
import pytest

from valija.accounts.models import User
from valija.core.errors import NotPermitted
from valija.journal.models import Entry
from valija.webhooks import operations as webhooks
from valija.webhooks import reaching
from valija.webhooks.models import Endpoint

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.aurora.example", "ftp://hooks.aurora.example", "http://hooks.aurora.example/x", "https://",
        "https://user:secret@hooks.aurora.example/", "https://127.0.0.1/", "https://10.1.2.3/x", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data", "https://0x7f000001/", "https://127.1/", "https://[::ffff:10.0.0.1]/",
        "https://hooks.aurora.example/\r\nX: y", "https://hooks.aurora.example:99999/", "https://[fe80::1%25eth0]/",
        "javascript:alert(1)", "https://hooks.aurora.example/" + "x" * 600,
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(settings: Any, alice: User, url: str) -> None:
    settings.WEBHOOK_NETWORKS = []
    with pytest.raises(webhooks.WebhookAddressNotValid):
        webhooks.add_webhook(alice.account, url, by=alice.as_actor())


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False), ("10.0.0.1", False),
        ("192.168.1.1", False), ("172.16.0.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
        ("0.0.0.0", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("::", False),
        ("fe80::1", False), ("fd00::1", False), ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False), ("64:ff9b::5db8:d822", True), ("ff02::1", False),
    ],
)  # fmt: skip
def test_what_is_public(address: str, public: bool) -> None:
    assert reaching.allowed(ip_address(address), []) is public


def test_a_name_that_means_a_private_address_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it means a public one beside it, or meant one when the webhook was added."""
    connected: list[object] = []
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *given: connected.append(given))
    for found in (["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:192.168.0.1"]):
        answers = [(0, 0, 0, "", (address, 443)) for address in found]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, found=answers, **_more: found)
        with pytest.raises(reaching.NotReachable, match="is not a public address"):
            reaching.post("https://hooks.aurora.example/", b"{}", {}, [])
    assert connected == []


def test_what_was_judged_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is looked up again would mean something else by then."""
    asked: list[str] = []

    def once(host: str, *_asked: Any, **_more: Any) -> Any:
        asked.append(host)
        return [(0, 0, 0, "", ("93.184.216.34" if len(asked) == 1 else "127.0.0.1", 443))]

    connected: list[str] = []

    def connect(_self: object, host: str, *_given: Any, **_more: Any) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("closed")

    monkeypatch.setattr(socket, "getaddrinfo", once)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(reaching.NotReachable):
        reaching.post("https://hooks.aurora.example/", b"{}", {}, [])
    assert connected == ["93.184.216.34"]
    assert asked == ["hooks.aurora.example"]


@pytest.mark.parametrize("who", ["bob", "carol", "mallory"])
def test_only_the_accounts_administrators_have_webhooks(
    cast: Any, hook: Callable[..., Endpoint], who: str
) -> None:
    by, endpoint = getattr(cast, who).as_actor(), hook()
    refused: tuple[Callable[[], object], ...] = (
        lambda: webhooks.add_webhook(cast.aurora, "https://hooks.aurora.example/", by=by),
        lambda: webhooks.change_webhook(endpoint, "https://hooks.aurora.example/", [], by=by),
        lambda: webhooks.rotate_webhook_secret(endpoint, by=by),
        lambda: webhooks.test_webhook(endpoint, by=by),
        lambda: webhooks.disable_webhook(endpoint, by=by),
        lambda: webhooks.enable_webhook(endpoint, by=by),
        lambda: webhooks.remove_webhook(endpoint, by=by),
    )
    for attempt in refused:
        with pytest.raises(NotPermitted):
            attempt()
    assert Endpoint.objects.count() == 1


def test_every_act_is_in_the_journal_without_what_is_secret(alice: User) -> None:
    by = alice.as_actor()
    url = "https://hooks.aurora.example/in?token=hush"
    endpoint, secret = webhooks.add_webhook(alice.account, url, ["license.assigned"], by=by)
    webhooks.change_webhook(endpoint, url, [], by=by)
    webhooks.rotate_webhook_secret(endpoint, by=by)
    webhooks.disable_webhook(endpoint, by=by)
    with pytest.raises(webhooks.WebhookIsOff):
        webhooks.test_webhook(endpoint, by=by)
    webhooks.enable_webhook(endpoint, by=by)
    webhooks.test_webhook(endpoint, by=by)
    webhooks.remove_webhook(endpoint, by=by)
    entries = Entry.objects.filter(event__startswith="webhook.").order_by("id")
    assert [entry.event.removeprefix("webhook.") for entry in entries] == [
        "added", "changed", "secret_rotated", "disabled", "enabled", "tested", "removed",
    ]  # fmt: skip
    assert all("hush" not in str(entry.data) and secret not in str(entry.data) for entry in entries)
    assert entries[0].data["webhook"] == "hooks.aurora.example/in"


def test_ten_are_enough(alice: User) -> None:
    for number in range(webhooks.MOST):
        webhooks.add_webhook(alice.account, f"https://hooks.aurora.example/{number}", by=alice.as_actor())
    with pytest.raises(webhooks.TooManyWebhooks):
        webhooks.add_webhook(alice.account, "https://hooks.aurora.example/more", by=alice.as_actor())


def test_an_event_that_does_not_exist_is_refused(alice: User) -> None:
    with pytest.raises(webhooks.EventsNotValid):
        webhooks.add_webhook(
            alice.account, "https://hooks.aurora.example/", ["license.lost"], by=alice.as_actor()
        )
