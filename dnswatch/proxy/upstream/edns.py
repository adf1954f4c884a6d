"""EDNS: how a question is asked again where an upstream makes nothing of it (RFC 6891 section 7).

First without what a client put into it, then without EDNS.  Nothing is learned from that, since a
client chose the question: it raises a doubt (`Health.doubt_edns`), which only a probe of our own
settles.  All transports are treated alike; they are told by `Asking.edns` how to write a question.
"""

from typing import Final, Protocol

from dnswatch.codes import Rcode
from dnswatch.proxy.upstream.transport import Asking, Upstream
from dnswatch.wire import query

MISUNDERSTOOD: Final = frozenset((Rcode.FORMERR, Rcode.NOTIMP, Rcode.BADVERS))
"""Rcodes of a server that may not have known what to do with EDNS, or with an option."""


class Origin(Asking, Protocol):
    """A question that may be asked again in a plainer form."""

    def response(
        self, upstream: Upstream, message: bytes, sent_at: float, form: Asking | None = None
    ) -> None:
        """Take a message that answers the question, which was asked in `form`; None is its own."""


class Plainer:
    """A question in a plainer form; what comes of it is told to who asked first."""

    __slots__ = ("_origin", "edns", "query")

    def __init__(self, origin: Origin, asked: query.Query, *, edns: bool) -> None:
        """Ask `asked` for `origin`."""
        self._origin = origin
        self.query = asked
        self.edns = edns

    @property
    def done(self) -> bool:
        """As it is for who asked first."""
        return self._origin.done

    def response(self, upstream: Upstream, message: bytes, sent_at: float) -> None:
        """Hand on what came."""
        self._origin.response(upstream, message, sent_at, self)

    def failure(self, upstream: Upstream) -> None:
        """Hand on that nothing came."""
        self._origin.failure(upstream)


def plainer(origin: Origin, form: Asking, rcode: int, message: bytes) -> Plainer | None:
    """Return the form to try after `form` was answered `rcode`; None where none may help.

    Who answers with an OPT record knows EDNS, and meant the question.
    """
    if rcode not in MISUNDERSTOOD:
        return None
    if form.query.options:
        return Plainer(origin, query.bare(form.query), edns=True)
    has_opt = len(message) > query.HEADER and message[10:12] != b"\0\0"
    if form.edns and (not has_opt or rcode == Rcode.BADVERS):
        return Plainer(origin, form.query, edns=False)
    return None


def fitting(origin: Origin, upstream: Upstream) -> Asking:
    """Return the form in which to ask first.

    With DO set that is always the question itself: without EDNS there is no DNSSEC, and one lookup
    more to find out is the lesser evil.
    """
    if upstream.health.edns or origin.query.do:
        return origin
    return Plainer(origin, origin.query, edns=False)
