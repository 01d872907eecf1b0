"""Looking up the record that proves a domain, at a real server."""

import time
from typing import Any

import pytest

from tests.dns_server import DnsServer
from valija.domains.dns import SECONDS_IN_ALL, Result, look_up

PROOF = "valija-domain-proof=" + "x" * 43
NAME = "_valija.clinic.example"


def found(dns: DnsServer) -> Result:
    return look_up("clinic.example", PROOF)


def test_a_record_that_is_there(dns: DnsServer) -> None:
    dns.publish("clinic.example", PROOF)
    assert found(dns) == Result.FOUND
    assert dns.asked == [("udp", NAME)]


def test_a_name_that_does_not_exist(dns: DnsServer) -> None:
    assert found(dns) == Result.MISSING


def test_a_name_without_texts(dns: DnsServer) -> None:
    dns.empty.add(NAME)
    assert found(dns) == Result.MISSING


@pytest.mark.parametrize("text", ["", PROOF[:-1], PROOF + "x", PROOF.upper(), "v=spf1 -all", f"x{PROOF}"])
def test_another_text(text: str, dns: DnsServer) -> None:
    dns.publish("clinic.example", text)
    assert found(dns) == Result.MISSING


@pytest.mark.parametrize("text", [f'"{PROOF}"', f" {PROOF} ", f"'{PROOF}'"])
def test_quotes_and_spaces_that_were_pasted_along(text: str, dns: DnsServer) -> None:
    dns.publish("clinic.example", text)
    assert found(dns) == Result.FOUND


def test_a_record_split_into_strings(dns: DnsServer) -> None:
    dns.publish("clinic.example", [PROOF[:7], PROOF[7:30], "", PROOF[30:]])
    assert found(dns) == Result.FOUND


def test_two_records_are_not_one(dns: DnsServer) -> None:
    dns.publish("clinic.example", PROOF[:20], PROOF[20:])
    assert found(dns) == Result.MISSING


def test_one_of_fifty_records_comes_by_tcp(dns: DnsServer) -> None:
    dns.publish("clinic.example", *(f"something else {n} " * 5 for n in range(49)), PROOF)
    assert found(dns) == Result.FOUND
    assert [protocol for protocol, _name in dns.asked] == ["udp", "tcp"]


def test_bytes_that_are_no_text(dns: DnsServer) -> None:
    dns.publish("clinic.example", "ÿþ ü \x00", PROOF)
    assert found(dns) == Result.FOUND


@pytest.mark.parametrize("manner", ["failing", "silent", "garbage", "lying"])
def test_no_answer_is_no_no(manner: str, dns: DnsServer) -> None:
    dns.publish("clinic.example", PROOF)
    getattr(dns, manner).add(NAME)
    start = time.monotonic()
    assert found(dns) == Result.NO_ANSWER
    assert time.monotonic() - start < SECONDS_IN_ALL + 1


def test_nonsense_does_not_hide_the_answer(dns: DnsServer) -> None:
    """A garbled packet is passed over; the next attempt counts."""
    dns.publish("clinic.example", PROOF)
    dns.garbage.add(NAME)
    dns.before_answer = lambda name: dns.garbage.clear() if len(dns.asked) > 1 else None
    assert found(dns) == Result.FOUND


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no.such.host.invalid:53", "nonsense", "127.0.0.1:port"])
def test_a_resolver_that_is_not_there(address: str, settings: Any) -> None:
    settings.DNS_SERVER = address
    assert look_up("clinic.example", PROOF) == Result.NO_ANSWER


def test_a_resolver_given_by_name(dns: DnsServer, settings: Any) -> None:
    settings.DNS_SERVER = f"localhost:{dns.port}"
    dns.publish("clinic.example", PROOF)
    assert found(dns) == Result.FOUND
