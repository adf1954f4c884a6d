"""The packet cache: the short cut of the per-packet path.

The bytes of a query (all but its ID) → the answer (all but its ID) and its kind.  An answer stands
here for its whole life; whenever a second of it is over, the next one to ask has its TTLs counted
down.  Each has seconds of its own, so that there is no moment in which all must be done at once.

Mail-related lookups never stand here: each of them goes through the core and is observed.
"""

import struct
from collections.abc import Callable, Iterable
from typing import Final

from dnswatch.wire import build
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

LIMIT: Final = 20_000
"""Answers kept at a time, some 12 MB; then the oldest goes.
A query that changes with every asking (random case, cookies) finds nothing here and costs a place.
"""

_TTL: Final = struct.Struct("!I")
_TC: Final = 0x02
"""In the first byte of a response's body: cut, no records."""


class ReadyAnswer:
    """One answer, with the TTLs of one moment."""

    __slots__ = (
        "age",
        "answer",
        "good_until",
        "key",
        "kind",
        "places",
        "qname",
        "stored_at",
        "until",
    )

    answer: bytes
    "All but the message ID."
    kind: int
    good_until: float
    "When its next second begins, or it ends; Unix seconds."

    def __init__(
        self, query: Query, response: Response, answer: bytes, kind: int, at: float
    ) -> None:
        """Take an answer written from `response` at `at`, Unix seconds."""
        self.age = int(at - response.stored_at)
        count = 0 if answer[0] & _TC else build.shown(response, self.age)
        first = build.BODY_HEADER + len(query.question)
        self.places = tuple([first + place for place in response.ttl_at[:count]])
        self.answer = answer
        self.kind = kind
        self.key = query.key
        self.qname = query.qname
        self.stored_at = response.stored_at
        self.until = response.expiry
        if count > response.counts[0] > 0:
            self.until = min(self.until, response.stored_at + response.extra_ttl)
        self.good_until = min(self.until, self.stored_at + self.age + 1)

    def count_down(self, at: float) -> None:
        """Take the seconds off the TTLs that are over at `at`."""
        age = int(at - self.stored_at)
        gone = age - self.age
        answer = bytearray(self.answer)
        for place in self.places:
            ttl: int = _TTL.unpack_from(answer, place)[0]
            _TTL.pack_into(answer, place, ttl - gone if ttl > gone else 0)
        self.answer = bytes(answer)
        self.age = age
        self.good_until = min(self.until, self.stored_at + age + 1)


class PacketCache:
    """Answers that need no thought, for all UDP listeners of a worker."""

    def __init__(self, touch: Callable[[bytes], None]) -> None:
        """Start empty; `touch` hears once a second of each answer that is asked for, by its key."""
        self.answers: dict[bytes, ReadyAnswer] = {}
        "Query → answer; what stands here must be `renew`ed behind `good_until`."
        self._touch = touch
        self._by_name: dict[bytes, tuple[bytes, ...]] = {}

    def clear(self) -> None:
        """Let go of all answers."""
        self.answers.clear()
        self._by_name.clear()

    def add(
        self, body: bytes, query: Query, response: Response, answer: bytes, kind: int, at: float
    ) -> None:
        """Keep the answer `answer`, written from `response` at `at` (Unix seconds)."""
        if body in self.answers:
            self._drop(body)
        elif len(self.answers) >= LIMIT:
            self._drop(next(iter(self.answers)))
        self.answers[body] = ReadyAnswer(query, response, answer, kind, at)
        self._by_name[query.qname] = (*self._by_name.get(query.qname, ()), body)

    def find(self, body: bytes, at: float) -> ReadyAnswer | None:
        """Return the answer as it is at `at` (Unix seconds), if there is one."""
        ready = self.answers.get(body)
        if ready is None or (at >= ready.good_until and not self.renew(body, ready, at)):
            return None
        return ready

    def renew(self, body: bytes, ready: ReadyAnswer, at: float) -> bool:
        """Make an answer good at `at` (Unix seconds); False where it has ended."""
        if at >= ready.until:
            self._drop(body)
            return False
        ready.count_down(at)
        self._touch(ready.key)
        return True

    def forget(self, names: Iterable[bytes]) -> None:
        """Take names off the short cut: from now on they are mail-related."""
        for qname in names:
            for body in self._by_name.pop(qname, ()):
                del self.answers[body]

    def _drop(self, body: bytes) -> None:
        qname = self.answers.pop(body).qname
        left = tuple([other for other in self._by_name[qname] if other != body])
        if left:
            self._by_name[qname] = left
        else:
            del self._by_name[qname]
