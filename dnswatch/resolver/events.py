"""What comes out of the core: answers, questions to upstreams (`Ask`), and news for a log."""

from enum import Enum
from typing import Final, NamedTuple

from dnswatch.resolver.ask import Ask
from dnswatch.resolver.pending import PendingQuery
from dnswatch.wire.response import Response

DROP: Final = b""
"""The answer to what is no query, or to who is to hear nothing."""


class Form(Enum):
    """How an answer is written."""

    TRUE = "the records, with the TTLs of that moment"
    STALE = "an expired answer, marked as one (RFC 8767)"
    FORGED = "one that leads to the holding bay"
    TRUNCATED = "no records, TC set: come by TCP"
    MINIMAL_ANY = "one record in place of all (RFC 8482)"


TRUE: Final = Form.TRUE  # looking a member up in its class costs as much as a look-up in the cache
STALE: Final = Form.STALE


class Answer:
    """A query is answered; `Writer.body` puts it into bytes."""

    __slots__ = ("form", "pending", "response", "tally")

    def __init__(
        self,
        pending: PendingQuery,
        response: Response,
        form: Form = TRUE,
        tally: int | None = None,
    ) -> None:
        """Give `response`; `tally` is its kind where it is ordinary, which is only counted."""
        self.pending = pending
        self.response = response
        self.form = form
        self.tally = tally


class Held(NamedTuple):
    """An answer waits; it comes out of `fire`, as this or as what is true by then."""

    answer: Answer
    until: float
    "Unix seconds."


class PolicyFault:
    """A policy failed; the answer was given all the same."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        """Tell of `error`."""
        self.error = error


class EdnsNews(NamedTuple):
    """A probe found out that an upstream knows EDNS again, or does not."""

    url: str
    knows: bool


Event = Answer | Ask | Held | PolicyFault | EdnsNews
