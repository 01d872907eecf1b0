from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.webhooks.receiver import Receiver, receiving
from valija.accounts.models import User
from valija.webhooks import operations as webhooks
from valija.webhooks.models import Endpoint


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def hook(alice: User, receiver: Receiver) -> Callable[..., Endpoint]:
    """An endpoint of Aurora's at the receiver; `secret` is what Alice was shown."""

    def add(*events: str) -> Endpoint:
        endpoint, secret = webhooks.add_webhook(alice.account, receiver.url, events, by=alice.as_actor())
        endpoint.shown = secret  # type: ignore[attr-defined]
        return endpoint

    return add
