"""Transport: what all ways to ask an upstream have in common, and what they need of who asks.

A lookup of a client and a probe of an upstream's health are asked in the same way.
"""

from typing import Final, Protocol

from dnswatch.resolver.health import Health
from dnswatch.wire.query import Query

LATE: Final = 4.0
"""Seconds after a lookup's deadline for which an answer is still taken: for the next client."""


class Upstream(Protocol):
    """A transport to one server."""

    url: str
    "As configured."
    health: Health

    def ask(self, asking: "Asking") -> None:
        """Send a question; `asking` is told of the response or the failure, now or later."""

    def close(self) -> None:
        """Let go of sockets and of what waits on them."""


class Asking(Protocol):
    """One question on its way to upstreams."""

    query: Query
    edns: bool
    "Whether to write it with an OPT record."

    @property
    def done(self) -> bool:
        """The question is answered or given up: late responses are of no use."""

    def response(self, upstream: Upstream, message: bytes, sent_at: float) -> None:
        """Take a message that answers the question (ID and question were compared)."""

    def failure(self, upstream: Upstream) -> None:
        """Take it that this upstream will not answer."""
