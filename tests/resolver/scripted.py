"""Upstreams whose every word a test speaks, and queries for them, in time that a test invents."""

from ipaddress import ip_address
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import dns.message

from dnswatch.names.hosts import parse_hosts
from dnswatch.resolver.ask import Ask, UpstreamState
from dnswatch.resolver.health import Health
from dnswatch.resolver.local import LocalNames
from dnswatch.resolver.pending import PendingQuery
from dnswatch.settings import Settings, read
from dnswatch.wire import query
from dnswatch.wire.query import Query

MIDNIGHT = 1_000_000.0
"""Where invented time begins, seconds."""

_numbers = count()
_scripted: "WeakValueDictionary[int, Scripted]" = WeakValueDictionary()


class Scripted:
    """An upstream that says nothing until the test speaks for it."""

    def __init__(self, url: str = "udp://192.0.2.1", *, refuses: bool = False) -> None:
        """Remember what is asked; with `refuses` every question fails at once."""
        self.state = UpstreamState(next(_numbers), url, 1232)
        "As the core knows it."
        _scripted[self.state.number] = self
        self.refuses = refuses
        self.asked: list[Ask] = []
        "Every question, in order."

    @property
    def health(self) -> Health:
        """How it does, as far as the core knows."""
        return self.state.health

    def take(self, ask: Ask, now: float) -> None:
        """Take a question."""
        self.asked.append(ask)
        if self.refuses:
            ask.asker.failed(ask, now)

    def answers(self, now: float, rcode: int = 0, *, which: int = -1, ttl: int = 300) -> None:
        """Answer one of the questions: an address, or nothing but an rcode."""
        ask = self.asked[which]
        ask.asker.heard(ask, message(ask.query, rcode, ttl), now - 0.01, now)

    def babbles(self, now: float, which: int = -1) -> None:
        """Answer with a record that is cut off."""
        ask = self.asked[which]
        ask.asker.heard(ask, message(ask.query)[:-3], now, now)


def take(ask: Ask, now: float) -> None:
    """Have the upstream that a question is for take it."""
    _scripted[ask.upstream.number].take(ask, now)


def message(asked: Query, rcode: int = 0, ttl: int = 300, address: str = "192.0.2.80") -> bytes:
    """Write a response: one address, or nothing but an rcode."""
    counts = b"\0\1" + (b"\0\0" if rcode else b"\0\1") + bytes(4)
    head = b"\0\0\x81" + bytes([0x80 | rcode]) + counts + asked.question
    record = b"\xc0\x0c\0\1\0\1" + ttl.to_bytes(4, "big") + b"\0\4" + ip_address(address).packed
    return head if rcode else head + record


def query_body(qname: str, qtype: str = "A", **options: Any) -> bytes:
    """Write a query without its ID."""
    return dns.message.make_query(qname, qtype, **options).to_wire()[2:]


class Client:
    """Somebody who asks and keeps what comes back."""

    def __init__(self, address: str = "10.0.0.1") -> None:
        """Ask from `address`."""
        self.address = ip_address(address).packed
        self.got: list[bytes] = []
        "Answers that came later, with their IDs."

    def pending(self, message_id: bytes = b"id") -> PendingQuery:
        """Make a query that is not read yet."""
        return PendingQuery(self.address, is_proven=True, message_id=message_id, reply=self._take)

    def asks(self, qname: str, qtype: str = "A", **options: Any) -> PendingQuery:
        """Make a query that is read."""
        pending = self.pending()
        asked = query.read(b"id" + query_body(qname, qtype, **options))
        assert asked is not None
        pending.query, pending.limit = asked, 1232
        return pending

    def _take(self, pending: PendingQuery, answer: bytes) -> None:
        self.got.append(pending.message_id + answer)


def configured(text: str = "") -> Settings:
    """Read settings; one upstream is named already."""
    return read('upstream.servers = ["192.0.2.1"]\n' + text, "test")


def local_names(texts: list[str]) -> LocalNames:
    """Read hosts files."""
    hosts = parse_hosts(texts)
    return LocalNames(hosts.names, hosts.addresses)
