"""The packet cache: the short cut of the per-packet path.

The bytes of a query (all but its ID) → the answer (all but its ID) and its kind.  What stands in
`now` is good for the current second, in which no TTL changes.  When the second is over, an answer
that is asked for again gets its TTLs of the new second written into it, which costs a third of
making it anew.

Mail-related lookups never stand here: each of them goes through the core and is observed.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from dnswatch.wire import build
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

LIMIT: Final = 20_000
"""Answers kept at a time, some 20 MB; when it is reached all are made anew as they are asked for.
A query that changes with every asking (random case, cookies) finds nothing here and costs a place.
"""

_TTL = struct.Struct("!I")
_TC: Final = 0x02
"""In the first byte of a response's body: cut, no records."""


class _Warm:
    """One answer with the places of its TTLs."""

    __slots__ = ("answer", "kind", "places", "response", "until")

    def __init__(
        self, query: Query, response: Response, answer: bytes, kind: int, max_ttl: int, age: int
    ) -> None:
        count = 0 if answer[0] & _TC else build.shown(response, age)
        first = build.BODY_HEADER + len(query.question)
        self.places = [
            (first + at, min(ttl, max_ttl))
            for at, ttl in zip(response.ttl_at[:count], response.ttls, strict=False)
        ]
        self.answer = bytearray(answer)
        self.kind = kind
        self.response = response
        self.until = response.expiry
        if count > response.counts[0] > 0:
            self.until = min(self.until, response.stored_at + response.extra_ttl)


class PacketCache:
    """Answers that need no thought, for all UDP listeners of a worker."""

    def __init__(self) -> None:
        """Start empty."""
        self.now: dict[bytes, tuple[bytes, int]] = {}
        "Query → answer and kind, within this second."
        self._warm: dict[bytes, _Warm] = {}
        self._by_name: defaultdict[bytes, list[bytes]] = defaultdict(list)

    def new_second(self) -> None:
        """Let go of the TTLs of the second that is over."""
        self.now.clear()

    def clear(self) -> None:
        """Let go of all answers."""
        self.now.clear()
        self._warm.clear()
        self._by_name.clear()

    def add(
        self,
        body: bytes,
        query: Query,
        response: Response,
        answer: bytes,
        kind: int,
        *,
        max_ttl: int,
        at: float,
    ) -> None:
        """Keep the answer `answer`, written from `response` at `at` (Unix seconds)."""
        if len(self._warm) >= LIMIT:
            self.clear()
        if body not in self._warm:
            self._by_name[query.qname].append(body)
        age = int(at - response.stored_at)
        self._warm[body] = _Warm(query, response, answer, kind, max_ttl, age)
        self.now[body] = (answer, kind)

    def again(self, body: bytes, at: float) -> tuple[bytes, int] | None:
        """Make an answer ready for this second as well, if it is good at `at` (Unix seconds)."""
        warm = self._warm.get(body)
        if warm is None or at >= warm.until:
            return None
        age = int(at - warm.response.stored_at)
        for place, ttl in warm.places:
            _TTL.pack_into(warm.answer, place, ttl - age if ttl > age else 0)
        warm.response.used = True
        made = self.now[body] = (bytes(warm.answer), warm.kind)
        return made

    def forget(self, names: Iterable[bytes]) -> None:
        """Take names off the short cut: from now on they are mail-related."""
        for qname in names:
            for body in self._by_name.pop(qname, ()):
                self.now.pop(body, None)
                self._warm.pop(body, None)
