"""How a question is put to an upstream, and put again where that makes nothing of EDNS (RFC 6891
section 7).

First without what a client put into it, then without EDNS.  Nothing is learned from that, since a
client chose the question: it raises a doubt (`Health.doubt_edns`), which only a probe of our own
settles.  All transports are treated alike.
"""

from typing import Final, Protocol

from dnswatch.codes import Rcode
from dnswatch.resolver.health import Health
from dnswatch.wire import query
from dnswatch.wire.query import Query

MISUNDERSTOOD: Final = frozenset((Rcode.FORMERR, Rcode.NOTIMP, Rcode.BADVERS))
"""Rcodes of a server that may not have known what to do with EDNS, or with an option."""

LATE: Final = 4.0
"""Seconds after a lookup's deadline for which an answer is still taken: for the next client."""


class UpstreamState:
    """An upstream as the core knows it: a number, how it does, and how messages to it look."""

    __slots__ = ("block", "health", "number", "size", "url")

    def __init__(self, number: int, url: str, size: int, block: int = 0) -> None:
        """Believe it to be up; questions offer it `size` bytes, and are padded to `block`."""
        self.number = number
        self.url = url
        "As configured."
        self.health = Health()
        self.size = size
        self.block = block


class Asker(Protocol):
    """Who has a question put to upstreams: a lookup, or a probe of an upstream's health."""

    @property
    def is_done(self) -> bool:
        """The question is answered or given up: late responses are of no use."""

    def heard(self, ask: "Ask", message: bytes, sent_at: float, now: float) -> None:
        """Take a message that answers the question (ID and question were compared)."""

    def failed(self, ask: "Ask", now: float) -> None:
        """Take it that this upstream will not answer."""


class Ask:
    """Out of the core: ask this upstream; what becomes of it is told with the very same object."""

    __slots__ = ("asker", "edns", "message", "query", "upstream")

    def __init__(
        self, asker: Asker, upstream: UpstreamState, asked: Query, *, edns: bool = True
    ) -> None:
        """Write the question, with an OPT record or without."""
        self.asker = asker
        self.upstream = upstream
        self.query = asked
        self.edns = edns
        self.message = query.for_upstream(asked, upstream.size, edns, block=upstream.block)
        "All but the message ID, which is left to chance."

    @property
    def asked(self) -> bytes:
        """The question section, the name in lower case: what an answer must repeat."""
        return self.query.asked

    @property
    def is_done(self) -> bool:
        """Nobody has a use for an answer any more."""
        return self.asker.is_done


def first_form(asker: Asker, upstream: UpstreamState, asked: Query) -> Ask:
    """Return the form in which to ask first.

    With DO set that is always the question itself: without EDNS there is no DNSSEC, and one lookup
    more to find out is the lesser evil.
    """
    return Ask(asker, upstream, asked, edns=upstream.health.edns or asked.do)


def plainer(ask: Ask, rcode: int, *, has_opt: bool) -> Ask | None:
    """Return the form to try after `ask` was answered `rcode`; None where none may help.

    Who answers with an OPT record knows EDNS, and meant the question.
    """
    if rcode not in MISUNDERSTOOD:
        return None
    if ask.query.options:
        return Ask(ask.asker, ask.upstream, query.bare(ask.query))
    if ask.edns and (not has_opt or rcode == Rcode.BADVERS):
        return Ask(ask.asker, ask.upstream, ask.query, edns=False)
    return None


def has_opt(message: bytes) -> bool:
    """Tell whether a response may hold an OPT record."""
    return len(message) > query.HEADER and (message[10] != 0 or message[11] != 0)
