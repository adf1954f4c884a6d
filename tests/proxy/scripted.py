"""Upstreams whose every word a test speaks, and queries for them, all in invented time."""

from ipaddress import ip_address
from typing import Any

import dns.message

from dnswatch.names.hosts import parse_hosts
from dnswatch.proxy.lookup import Waiter
from dnswatch.proxy.upstream.transport import Asking
from dnswatch.resolver.health import Health
from dnswatch.resolver.local import LocalNames
from dnswatch.settings import Settings, read
from dnswatch.wire import query
from dnswatch.wire.query import Query


class Scripted:
    """An upstream that says nothing until the test speaks for it."""

    def __init__(self, url: str = "udp://192.0.2.1", *, refuses: bool = False) -> None:
        """Remember what is asked; with `refuses` every question fails at once."""
        self.url = url
        self.health = Health()
        self.refuses = refuses
        self.asked: list[Asking] = []
        "Every question, in order."
        self.closed = False

    def ask(self, asking: Asking) -> None:
        """Take a question."""
        self.asked.append(asking)
        if self.refuses:
            asking.failure(self)

    def close(self) -> None:
        """Take note."""
        self.closed = True

    def answers(self, now: float, rcode: int = 0, *, which: int = -1, ttl: int = 300) -> None:
        """Answer one of the questions: an address, or nothing but an rcode."""
        asking = self.asked[which]
        asking.response(self, message(asking.query, rcode, ttl), now - 0.01)

    def babbles(self, now: float, which: int = -1) -> None:
        """Answer with a record that is cut off."""
        asking = self.asked[which]
        asking.response(self, message(asking.query)[:-3], now)


def message(asked: Query, rcode: int = 0, ttl: int = 300, address: str = "192.0.2.80") -> bytes:
    """Write a response: one address, or nothing but an rcode."""
    counts = b"\0\1" + (b"\0\0" if rcode else b"\0\1") + bytes(4)
    head = b"\0\0\x81" + bytes([0x80 | rcode]) + counts + asked.question
    record = b"\xc0\x0c\0\1\0\1" + ttl.to_bytes(4, "big") + b"\0\4" + ip_address(address).packed
    return head if rcode else head + record


def exact(qname: str, qtype: str = "A", **options: Any) -> bytes:
    """Write a query without its ID."""
    return dns.message.make_query(qname, qtype, **options).to_wire()[2:]


class Client:
    """Somebody who asks and keeps what comes back."""

    def __init__(self, address: str = "10.0.0.1") -> None:
        """Ask from `address`."""
        self.address = ip_address(address).packed
        self.got: list[bytes] = []
        "Answers that came later, with their IDs."

    def waiter(self, ident: bytes = b"id") -> Waiter:
        """Make a query that is not read yet."""
        return Waiter(ident, self.address, self._take, (b"", b""), True, False, True)

    def asks(self, qname: str, qtype: str = "A") -> Waiter:
        """Make a query that is read."""
        waiter = self.waiter()
        asked = query.read(b"id" + exact(qname, qtype))
        assert asked is not None
        waiter.query, waiter.limit = asked, 1232
        return waiter

    def _take(self, waiter: Waiter, tail: bytes) -> None:
        self.got.append(waiter.ident + tail)


def configured(text: str = "") -> Settings:
    """Read settings; one upstream is named already."""
    return read('upstream.servers = ["192.0.2.1"]\n' + text, "test")


def local_names(texts: list[str]) -> LocalNames:
    """Read hosts files."""
    hosts = parse_hosts(texts)
    return LocalNames(hosts.names, hosts.addresses)
