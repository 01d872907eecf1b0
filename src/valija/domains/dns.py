"""Looking up the TXT record that proves a domain. Bounded in time; what could not be asked is never taken for a no."""

import socket
from enum import StrEnum

import dns.exception
import dns.resolver
from django.conf import settings
from dns.rdtypes.ANY.TXT import TXT

LABEL = "_valija"  # a name of our own (RFC 8552), so that the domain's other TXT records stay as they are
SECONDS_IN_ALL = 4.0
SECONDS_PER_ATTEMPT = 1.5
EDNS_BYTES = 1232  # what passes every network unbroken; longer answers come by TCP


class Result(StrEnum):
    """What a look-up found out."""

    FOUND = "found"
    MISSING = "missing"  # an answer, without the record in it
    NO_ANSWER = "no_answer"  # nobody could say: silence, a failure, an answer that makes no sense


def record_name(domain: str) -> str:
    """Where the record is published, in full."""
    return f"{LABEL}.{domain}"


def look_up(domain: str, proof: str) -> Result:
    """Whether one of the TXT records at the domain's name for proofs is `proof`. Takes a few seconds at most."""
    try:
        answer = _resolver().resolve(f"{record_name(domain)}.", "TXT", lifetime=SECONDS_IN_ALL, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Result.MISSING
    except (dns.exception.DNSException, OSError, ValueError):
        return Result.NO_ANSWER
    wanted = proof.encode()
    return Result.FOUND if any(_text(record) == wanted for record in answer) else Result.MISSING


def _text(record: TXT) -> bytes:
    """The record's strings as one, without the spaces and quotes that people paste along."""
    return b"".join(record.strings).strip(b" \t\"'")


def _resolver() -> dns.resolver.Resolver:
    if settings.DNS_SERVER:
        resolver = dns.resolver.Resolver(configure=False)
        host, _colon, port = settings.DNS_SERVER.rpartition(":")
        resolver.nameservers, resolver.port = [_address(host.strip("[]"))], int(port)
    else:
        resolver = dns.resolver.Resolver()
    resolver.timeout = SECONDS_PER_ATTEMPT
    resolver.use_edns(0, 0, EDNS_BYTES)
    return resolver


def _address(host: str) -> str:
    """The resolver's own address, where it was given by name."""
    found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_UDP)
    return str(found[0][4][0])
