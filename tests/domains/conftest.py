"""A DNS server for the tests that need one."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import dns_server
from tests.dns_server import DnsServer


@pytest.fixture
def dns(settings: Any) -> Iterator[DnsServer]:
    """The resolver that this installation asks."""
    with dns_server.running() as server:
        settings.DNS_SERVER = server.address
        yield server
