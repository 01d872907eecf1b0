"""A real DNS server on loopback, over UDP and TCP, that says what a test wants: the truth, nothing, or nonsense."""

import os
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dnslib import QTYPE, RCODE, RR, TXT, DNSRecord

Texts = list[str | list[str]]  # a record is one text, or the strings it is split into
UDP_LIMIT = 512


@dataclass
class DnsServer:
    """What the server answers, name by name; a name it does not know does not exist."""

    port: int = 0
    texts: dict[str, Texts] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)  # SERVFAIL
    silent: set[str] = field(default_factory=set)
    empty: set[str] = field(default_factory=set)  # the name exists, a TXT record does not
    garbage: set[str] = field(default_factory=set)  # bytes that are no DNS
    lying: set[str] = field(default_factory=set)  # an answer to another question, with another identity
    asked: list[tuple[str, str]] = field(default_factory=list)  # protocol and name
    udp_limit: int = UDP_LIMIT
    before_answer: Callable[[str], None] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def publish(self, domain: str, *texts: str | list[str]) -> None:
        self.texts[f"_valija.{domain}"] = list(texts)

    def answer(self, protocol: str, packet: bytes) -> bytes | None:
        question = DNSRecord.parse(packet)
        name = str(question.q.qname).rstrip(".").lower()
        self.asked.append((protocol, name))
        if self.before_answer:
            self.before_answer(name)
        if name in self.silent:
            return None
        if name in self.garbage:
            return os.urandom(60)
        reply = question.reply()
        if name in self.failing:
            reply.header.rcode = RCODE.SERVFAIL
        elif name in self.texts:
            self._say(reply, str(question.q.qname), self.texts[name])
        elif name not in self.empty:
            reply.header.rcode = RCODE.NXDOMAIN
        if name in self.lying:
            reply.header.id = (reply.header.id + 1) % 65536
        data: bytes = reply.pack()
        if protocol == "udp" and len(data) > self.udp_limit:
            reply.header.tc, reply.rr = 1, []
            data = reply.pack()
        return data

    def _say(self, reply: Any, name: str, texts: Texts) -> None:
        for text in texts:
            strings = [part.encode() for part in ([text] if isinstance(text, str) else text)]
            reply.add_answer(RR(name, QTYPE.TXT, rdata=TXT(strings), ttl=60))


@contextmanager
def running() -> Iterator[DnsServer]:
    """The server, until the block ends; UDP and TCP on one port that was free."""
    server = DnsServer()

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            if (answer := server.answer("udp", data)) is not None:
                socket.sendto(answer, self.client_address)

    class Tcp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            length = int.from_bytes(self.request.recv(2), "big")
            answer = server.answer("tcp", self.request.recv(length))
            if answer is None:
                time.sleep(10)
            else:
                self.request.sendall(len(answer).to_bytes(2, "big") + answer)

    class ThreadingTcp(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    class ThreadingUdp(socketserver.ThreadingUDPServer):
        daemon_threads = True

    with _on_one_port(ThreadingUdp, Udp, ThreadingTcp, Tcp) as (udp, tcp):
        server.port = udp.server_address[1]
        for one in (udp, tcp):
            one.block_on_close = False
            threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            udp.shutdown()
            tcp.shutdown()


@contextmanager
def _on_one_port(udp: Any, udp_handler: Any, tcp: Any, tcp_handler: Any) -> Iterator[tuple[Any, Any]]:
    """Both servers on one port; what is free for UDP may be taken for TCP, then another one is tried."""
    for attempt in range(20):
        with udp(("127.0.0.1", 0), udp_handler) as first:
            try:
                second = tcp(("127.0.0.1", first.server_address[1]), tcp_handler)
            except OSError:
                if attempt == 19:
                    raise
                continue
            with second:
                yield first, second
                return
