"""Asking: what a transport needs to know of who asks, and whom it tells.

A lookup of a client and a probe of an upstream's health are asked in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dnswatch.proxy.upstream.health import Upstream
    from dnswatch.wire.query import Query


class Asking(Protocol):
    """One question on its way to upstreams."""

    query: Query
    done: bool
    "The question is answered or given up: late responses are of no use."

    def response(self, upstream: Upstream, message: bytes, sent_at: float) -> None:
        """Take a message that answers the question (ID and question were compared)."""

    def failure(self, upstream: Upstream) -> None:
        """Take it that this upstream will not answer."""
