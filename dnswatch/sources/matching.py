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

import msgspec
from msgspec.structs import replace

from dnswatch.codes import UNANSWERED, Type
from dnswatch.errors import WireError
from dnswatch.model.observation import Observation, Origin
from dnswatch.wire.overheard import Overheard, read

PATIENCE: Final = 10.0
"""Seconds that a response may take: stub resolvers wait for five, BIND's resolver for ten."""

PENDING: Final = 200_000
"""Queries that wait for their responses; beyond, the oldest is given up early.  Some 100 MB."""

ALIKE: Final = 64
"""Queries of one client, port, ID and name that wait; a stub that tries again asks a few times."""

_MX: Final = Type.MX.value
_TRANSFERS: Final = frozenset((Type.AXFR.value, Type.IXFR.value))
"""Types whose answer is many messages."""
_at: Final = attrgetter("at")


class UnansweredQuery(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A query without its response."""

    at: float
    key: bytes
    "Client, its port, ID and name."
    client: bytes
    server: bytes
    qname: bytes
    qtype: int
    recursion: bool


class StrayResponse(msgspec.Struct, frozen=True, array_like=True):
    """A response without its query."""

    key: bytes
    seen: Observation


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
        self._pending: dict[bytes, list[UnansweredQuery]] = {}

    def hear(self, at: float, addresses: bytes, ports: bytes, message: bytes) -> None:
        """Take a message; addresses and ports are those of source and destination, joined."""
        try:
            heard = read(message)
        except WireError:
            self.census["dns_broken"] += 1
            return
        is_response = message[2] & 0x80
        size = len(addresses) // 2
        source, destination = addresses[:size], addresses[size:]
        self.census["responses" if is_response else "queries"] += 1
        if heard is None or heard.opcode:
            self.census["other_dns"] += 1
        elif is_response:
            if heard.is_cut:
                self.census["dns_cut"] += 1
            key = destination + ports[2:] + message[:2] + heard.qname
            self.respond(StrayResponse(key, _observed(heard, at, destination, source)))
        else:
            if heard.qtype == _MX:
                self.census["mx"] += 1
            key = source + ports[:2] + message[:2] + heard.qname
            self.ask(
                UnansweredQuery(
                    at, key, source, destination, heard.qname, heard.qtype, heard.recursion
                )
            )

    def ask(self, query: UnansweredQuery) -> None:
        """Take a query."""
        waiting = self._pending.get(query.key)
        if waiting is None:
            self._pending[query.key] = [query]
            if len(self._pending) > PENDING:
                first = next(iter(self._pending))
                self.lookups += map(_given_up, self._pending.pop(first))
        else:
            waiting.append(query)
            if len(waiting) > ALIKE:
                self.lookups.append(_given_up(waiting.pop(0)))

    def respond(self, response: StrayResponse) -> None:
        """Take a response."""
        seen = response.seen
        waiting = self._pending.get(response.key, [])
        place = self._place(waiting, seen)
        if place is None:
            self.responses.append(response)
            return
        query = waiting.pop(place)
        if not waiting:
            del self._pending[response.key]
        self.lookups.append(
            seen if seen.server == query.server else replace(seen, server=query.server)
        )

    def _place(self, waiting: list[UnansweredQuery], seen: Observation) -> int | None:
        """Find the query that a response belongs to, the last of those to the same server first."""
        other = None
        for place in reversed(range(len(waiting))):
            if seen.at - waiting[place].at > PATIENCE:
                continue
            if waiting[place].server == seen.server:
                return place
            if other is None:
                other = place
        return None if self._is_part else other

    def expire(self, now: float) -> None:
        """Give up queries that have waited for too long."""
        for key, waiting in list(self._pending.items()):
            while waiting and waiting[0].at + PATIENCE <= now:
                self.lookups.append(_given_up(waiting.pop(0)))
            if not waiting:
                del self._pending[key]

    def give_up(self, now: float) -> None:
        """Give up all queries, at the end of a capture."""
        for query in self.pending():
            self.lookups.append(_given_up(query, now))
        self._pending.clear()

    def take(self) -> tuple[list[Observation], Counter[str]]:
        """Take all lookups, in order of time, and what there is to say of them and of messages.

        Responses whose query was never seen are among them, but not the rest of a transfer.
        """
        census, self.census = self.census, Counter()
        unanswered = sum(seen.rcode == UNANSWERED for seen in self.lookups)
        census.update(answered=len(self.lookups) - unanswered, unanswered=unanswered)
        unasked = [one.seen for one in self.responses if one.seen.qtype not in _TRANSFERS]
        census["unasked"] += len(unasked)
        lookups = sorted(self.lookups + unasked, key=_at)
        self.lookups, self.responses = [], []
        return lookups, census

    def pending(self) -> list[UnansweredQuery]:
        """Return the queries that wait, in order of time as far as they came so."""
        return [query for waiting in self._pending.values() for query in waiting]


def _observed(heard: Overheard, at: float, client: bytes, server: bytes) -> Observation:
    return Observation(
        at,
        client,
        heard.qname,
        heard.qtype,
        heard.rcode,
        Origin.UPSTREAM,
        heard.addresses,
        heard.exchanges,
        heard.ttl,
        False,
        heard.recursion,
        None,
        server,
    )


def _given_up(query: UnansweredQuery, end: float = inf) -> Observation:
    return Observation(
        min(query.at + PATIENCE, end),
        query.client,
        query.qname,
        query.qtype,
        UNANSWERED,
        Origin.FAILED,
        recursion=query.recursion,
        server=query.server,
    )
