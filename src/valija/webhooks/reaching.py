"""Sending to an address that somebody typed: never into the networks around this machine, never for long.

The name is resolved here, what it means is judged, and exactly that is connected to: a name that means something else a
moment later leads nowhere else. Redirects are not followed.
"""

import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpcore

CONNECTS_WITHIN = 5.0  # seconds
ANSWERS_WITHIN = 10.0  # seconds, from the name's lookup to the last byte that is read
READS = 1000  # bytes of the answer, for the log
_TRANSLATED = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address
Address = IPv4Address | IPv6Address


class NotReachable(Exception):
    """Why nothing was sent, in words for the log."""


@dataclass(frozen=True)
class Answer:
    """What a receiver said."""

    status: int
    said: str  # the beginning of the body


def allowed(address: Address, networks: Iterable[str]) -> bool:
    """Whether an address is public, or in a network that the operator names."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return allowed(inner, networks)
    if any(address in ip_network(network, strict=False) for network in networks):
        return True
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_literal(host: str) -> Address | None:
    """The address that a URL names without a name; also written as 127.1 or 0x7f000001."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def resolve(host: str, port: int, networks: Sequence[str]) -> list[str]:
    """The addresses of a name that may be connected to.

    Raises:
        NotReachable: the name means nothing, or something private.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReachable(f"{host} was not found") from error
    addresses = list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))
    # One private address among public ones is no accident.
    if not addresses or not all(allowed(ip_address(address), networks) for address in addresses):
        raise NotReachable(f"{host} is not a public address")
    return addresses


class _Bounded(httpcore.NetworkStream):
    """A connection on which everything together is done by a deadline: bytes that drip do not prolong it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, self._left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Judged(httpcore.NetworkBackend):
    """Connects to what a name was found to mean; the certificate is still that of the name."""

    def __init__(self, networks: Sequence[str], deadline: float) -> None:
        self._networks, self._deadline, self._plain = networks, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        failed: Exception = httpcore.ConnectTimeout()
        for address in resolve(host, port, self._networks):
            left = min(CONNECTS_WITHIN, self._deadline - time.monotonic())
            if left <= 0:
                break
            try:
                stream = self._plain.connect_tcp(address, port, left, local_address, socket_options or ())
                return _Bounded(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed


def post(url: str, body: bytes, headers: dict[str, str], networks: Sequence[str]) -> Answer:
    """Send a body and read the beginning of the answer.

    Raises:
        NotReachable: the receiver is private, does not answer in time, or not in HTTP.
    """
    parts = urlsplit(url)
    deadline = time.monotonic() + ANSWERS_WITHIN
    if parts.scheme != "https" and not networks:
        raise NotReachable("only https is sent to")
    try:
        with (
            httpcore.ConnectionPool(network_backend=_Judged(networks, deadline)) as pool,
            closing(pool.handle_request(_request(url, body, headers))) as response,
        ):
            return Answer(response.status, _beginning(response))
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise NotReachable(f"{parts.hostname} did not answer within {ANSWERS_WITHIN:.0f} seconds") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
        raise NotReachable(f"{parts.hostname}: {str(error)[:160] or type(error).__name__}") from error


def _request(url: str, body: bytes, headers: dict[str, str]) -> httpcore.Request:
    sent = {"Host": urlsplit(url).netloc, "Content-Length": str(len(body)), "Connection": "close", **headers}
    return httpcore.Request("POST", url, headers=list(sent.items()), content=body)


def _beginning(response: httpcore.Response) -> str:
    read = b""
    for chunk in response.iter_stream():
        read += chunk
        if len(read) >= READS:
            break
    return read[:READS].decode(errors="replace").replace("\0", "")
