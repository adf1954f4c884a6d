"""The words in which tests judge a response, and the one way in which they wait."""

import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

T = TypeVar("T")

PATIENCE: Final = 240.0
"""Seconds that tests wait for what is to happen: below the runner's own limit, and nothing that a
machine with a load of 30 needs.  A test that passes never waits so long."""


def eventually(look: Callable[[], T | None]) -> T:
    """Look until something is there and return it; fail when it never comes."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"not so within {PATIENCE} s; last look: {found!r}"
        time.sleep(0.02)
    return found


def once(told: Iterable[T]) -> list[T]:
    """Give each thing once: an upstream that a busy machine holds up is asked again."""
    return list(dict.fromkeys(told))


def rcode(response: dns.message.Message, expected: str) -> None:
    """Demand a response code by its name."""
    assert dns.rcode.to_text(response.rcode()) == expected, response.to_text()


def noerror(response: dns.message.Message) -> None:
    """Demand NOERROR."""
    rcode(response, "NOERROR")


def servfail(response: dns.message.Message) -> None:
    """Demand SERVFAIL."""
    rcode(response, "SERVFAIL")


def is_truncated(response: dns.message.Message) -> bool:
    """Tell whether TC is set."""
    return bool(response.flags & dns.flags.TC)


def data(response: dns.message.Message, kind: str = "A") -> list[str]:
    """Give the data of the answer section's records of one type, sorted."""
    wanted = dns.rdatatype.from_text(kind)
    return sorted(
        rr.to_text() for rrset in response.answer if rrset.rdtype == wanted for rr in rrset
    )


def ttl(response: dns.message.Message) -> int:
    """Give the TTL of the first answer."""
    return int(response.answer[0].ttl)


def errors(response: dns.message.Message) -> list[int]:
    """Give the codes of the extended DNS errors (RFC 8914) that a response carries."""
    return [
        int(option.code) for option in response.options if isinstance(option, dns.edns.EDEOption)
    ]
