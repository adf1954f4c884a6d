"""A pending query: who asked for what, and all that its answer depends on."""

from collections.abc import Callable

from dnswatch.resolver.decision import Subject
from dnswatch.wire.query import Query


class PendingQuery:
    """One query on its way to an answer."""

    __slots__ = (
        "asked_at",
        "by_tcp",
        "client",
        "is_proven",
        "is_recorded",
        "is_redirected",
        "limit",
        "message_id",
        "query",
        "reply",
        "subject",
        "way",
    )

    subject: Subject | None
    "What a mark is about; None for almost all."

    query: Query
    "What was asked, once it is read."
    limit: int
    "Bytes that the answer may have, once the query is read."

    asked_at: float
    "When it came, Unix seconds, where its answer comes later; whoever drives the core notes it."
    by_tcp: bool
    "How it came; noted likewise."

    def __init__(
        self,
        client: bytes,
        is_recorded: bool = True,
        is_redirected: bool = False,
        is_proven: bool = False,
        message_id: bytes = b"",
        reply: "Callable[[PendingQuery, bytes], None] | None" = None,
        way: bytes = b"",
    ) -> None:
        """Wait; `client` is a packed address.

        `is_proven`: nobody else can have sent it in the client's name.

        The rest is for who sends the answer, and nothing here looks at it: `reply(pending, body)`
        sends what follows the message ID, over UDP on the query's `way` (proxy.datagrams).
        """
        self.subject = None
        self.client = client
        self.is_recorded = is_recorded
        self.is_redirected = is_redirected
        self.is_proven = is_proven
        self.message_id = message_id
        self.reply = reply
        self.way = way
