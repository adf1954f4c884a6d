"""Matching: DNS messages overheard become lookups, each query with its response.

A response belongs to the last query of the same client and port to the same server with the same ID
and question that has none yet; where there is none, to one to another server, since some answer
from another address than was asked (a site's forwarder behind NAT, anycast).  So every query
becomes one lookup, answered or not, and a response whose query was not seen becomes one as well.

Rules of this file: what is left of one part of a capture can be told to the part that follows
(`UnansweredQuery`, `StrayResponse`), and the result is the same as if the capture had been read in
one piece.
"""

from collections import Counter
from math import inf
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from dnswatch.codes import UNANSWERED, Type
from dnswatch.errors import WireError
from dnswatch.model.observation import Observation, Origin
from dnswatch.sources.unmatched import StrayResponse, UnansweredQuery
from dnswatch.wire import overheard

PATIENCE: Final = 10.0
"""Seconds that a response may take: stub resolvers wait for five, BIND's resolver for ten."""

PENDING: Final = 200_000
"""Queries that wait for their responses; beyond, the oldest is given up early.  Some 100 MB."""

ALIKE: Final = 64
"""Queries of one client, port, ID and name that wait; a stub that tries again asks a few times."""

_MX: Final = Type.MX.value
_TRANSFERS: Final = frozenset((Type.AXFR.value, Type.IXFR.value))
"""Types whose answer is many messages."""
_UPSTREAM: Final = Origin.UPSTREAM
_FAILED: Final = Origin.FAILED
_OPCODE: Final = 0x78
_RD: Final = 0x01
_at: Final = attrgetter("at")


class _Waiting:
    """A query that waits: compiled, it is read without asking a dictionary what it holds."""

    __slots__ = ("at", "client", "qname", "qtype", "recursion", "server")

    def __init__(
        self, at: float, client: bytes, server: bytes, qname: bytes, qtype: int, recursion: bool
    ) -> None:
        self.at, self.client, self.server = at, client, server
        self.qname, self.qtype, self.recursion = qname, qtype, recursion


class Matcher:
    """Queries that wait, and the lookups that came of those before."""

    def __init__(self, *, is_part: bool = False) -> None:
        """Begin with none; a part of a capture leaves to others what is not plain to see there."""
        self._is_part = is_part
        self.lookups: list[Observation] = []
        "What was found out; whoever takes it empties it."
        self.responses: list[StrayResponse] = []
        "Responses whose query is not here; whoever takes them empties it."
        self.census: Counter[str] = Counter()
        # Millions are counted of these: numbers of their own.
        self._queries = self._responses = self._answered = self._unanswered = 0
        self._pending: dict[bytes, list[_Waiting]] = {}
        "By client, its port, ID and name; those alike in the order in which they came."

    def hear(self, at: float, addresses: bytes, ports: bytes, message: bytes) -> None:
        """Take a message; addresses and ports are those of source and destination, joined."""
        try:
            question = overheard.question(message)
        except WireError:
            self.census["dns_broken"] += 1
            return
        flags = message[2]
        is_response = flags & 0x80 != 0
        if is_response:
            self._responses += 1
        else:
            self._queries += 1
        if question is None or flags & _OPCODE:
            self.census["other_dns"] += 1
            return
        qname, qtype, end = question
        size = len(addresses) // 2
        source, destination = addresses[:size], addresses[size:]
        recursion = flags & _RD != 0
        if is_response:
            rcode, found, exchanges, ttl, is_cut = overheard.answer(message, end)
            if is_cut:
                self.census["dns_cut"] += 1
            key = destination + ports[2:] + message[:2] + qname
            seen = Observation(
                at,
                destination,
                qname,
                qtype,
                rcode,
                _UPSTREAM,
                found,
                exchanges,
                ttl,
                False,
                recursion,
                None,
                source,
            )
            self._answer(key, seen, at, source)
        else:
            if qtype == _MX:
                self.census["mx"] += 1
            key = source + ports[:2] + message[:2] + qname
            self._wait(key, _Waiting(at, source, destination, qname, qtype, recursion))

    def ask(self, query: UnansweredQuery) -> None:
        """Take a query."""
        self._wait(
            query.key,
            _Waiting(
                query.at, query.client, query.server, query.qname, query.qtype, query.recursion
            ),
        )

    def _wait(self, key: bytes, query: _Waiting) -> None:
        waiting = self._pending.get(key)
        if waiting is None:
            self._pending[key] = [query]
            if len(self._pending) > PENDING:
                first = next(iter(self._pending))
                for given_up in self._pending.pop(first):
                    self._give_up(given_up)
        else:
            waiting.append(query)
            if len(waiting) > ALIKE:
                self._give_up(waiting.pop(0))

    def respond(self, key: bytes, seen: Observation) -> None:
        """Take a response; the key is as in `UnansweredQuery`."""
        self._answer(key, seen, seen.at, seen.server)

    def _answer(self, key: bytes, seen: Observation, at: float, server: bytes | None) -> None:
        waiting = self._pending.get(key)
        place = -1 if waiting is None else self._place(waiting, at, server)
        if waiting is None or place < 0:
            self.responses.append(StrayResponse(key, seen))
            return
        query = waiting.pop(place)
        if not waiting:
            del self._pending[key]
        self._answered += 1
        self.lookups.append(seen if server == query.server else replace(seen, server=query.server))

    def _place(self, waiting: list[_Waiting], at: float, server: bytes | None) -> int:
        """Find the query that a response belongs to, the last of those to the same server first.

        Below 0 where there is none.
        """
        other = -1
        for place in range(len(waiting) - 1, -1, -1):
            query = waiting[place]
            if at - query.at > PATIENCE:
                continue
            if query.server == server:
                return place
            if other < 0:
                other = place
        return -1 if self._is_part else other

    def expire(self, now: float) -> None:
        """Give up queries that have waited for too long."""
        for key, waiting in list(self._pending.items()):
            while waiting and waiting[0].at + PATIENCE <= now:
                self._give_up(waiting.pop(0))
            if not waiting:
                del self._pending[key]

    def give_up(self, now: float) -> None:
        """Give up all queries, at the end of a capture."""
        for waiting in self._pending.values():
            for query in waiting:
                self._give_up(query, now)
        self._pending.clear()

    def take(self) -> tuple[list[Observation], Counter[str]]:
        """Take all lookups, in order of time, and what there is to say of them and of messages.

        Responses whose query was never seen are among them, but not the rest of a transfer.
        """
        census = self.counted()
        unasked = [one.seen for one in self.responses if one.seen.qtype not in _TRANSFERS]
        census["unasked"] += len(unasked)
        lookups = sorted(self.lookups + unasked, key=_at)
        self.lookups, self.responses = [], []
        return lookups, census

    def counted(self) -> Counter[str]:
        """Take what there is to say of messages and lookups."""
        census, self.census = self.census, Counter()
        census["queries"] += self._queries
        census["responses"] += self._responses
        census["answered"] += self._answered
        census["unanswered"] += self._unanswered
        self._queries = self._responses = self._answered = self._unanswered = 0
        return census

    def pending(self) -> list[UnansweredQuery]:
        """Return the queries that wait, in order of time as far as they came so."""
        return [
            UnansweredQuery(
                query.at, key, query.client, query.server, query.qname, query.qtype, query.recursion
            )
            for key, waiting in self._pending.items()
            for query in waiting
        ]

    def _give_up(self, query: _Waiting, end: float = inf) -> None:
        self._unanswered += 1
        self.lookups.append(
            Observation(
                min(query.at + PATIENCE, end),
                query.client,
                query.qname,
                query.qtype,
                UNANSWERED,
                _FAILED,
                recursion=query.recursion,
                server=query.server,
            )
        )
