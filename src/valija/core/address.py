"""Where a request comes from, told from what was received; no HTTP object needed."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network


def address_of(remote: str, forwarded: str, trusted: Iterable[str]) -> str:
    """The asker's address: what `X-Forwarded-For` says is believed of trusted proxies only, hop by hop from the nearest."""
    trusted = list(trusted)
    address = remote
    for hop in reversed(forwarded.split(",")):
        if not hop.strip() or not _among(address, trusted):
            break
        address = hop.strip()
    return address[:45]


def _among(address: str, networks: list[str]) -> bool:
    try:
        return any(ip_address(address) in ip_network(network, strict=False) for network in networks)
    except ValueError:
        return False
