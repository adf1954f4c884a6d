"""Lives: things that end at a moment which may be put off, found in the order of their ends.

Most wait in a bucket with others that end within the same `BUCKET` seconds, each a key and its
length; those whose bucket has begun stand in a heap.  A life may have been put off since: then it
moves on when its place comes up.  To put off an end costs nothing, to begin or end a life O(log n)
for n lives of one bucket.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from math import inf
from typing import Final, Generic, Protocol, TypeVar

BUCKET: Final = 8.0
"""Seconds: few enough that a heap stays small, and enough that buckets hold many."""

_LENGTHS: Final = [bytes((length,)) for length in range(256)]
"""Each as the byte that stands before a key: `append` and `extend` take twice the time of `+=`."""


class Life(Protocol):
    """Something that ends."""

    expiry: float
    "When, Unix seconds; may become later, never earlier."


L = TypeVar("L", bound=Life)


class Ends:
    """Keys of what lives, each of 255 bytes at most, in the order of their ends."""

    def __init__(self, expiry_of: Callable[[bytes], float]) -> None:
        """Begin with none; `expiry_of` gives the end of a key that was added, as it is now."""
        self._expiry_of = expiry_of
        self._buckets: dict[float, bytearray] = {}
        "By the moment at which they begin: keys, each behind its length."
        self._beginnings: list[float] = []
        "The same moments, as a heap."
        self._first: list[tuple[float, bytes]] = []
        "A heap of those whose bucket has begun: end or earlier, and key."
        self._begun = -inf
        "Lives that end before this stand in the heap."

    def add(self, key: bytes, expiry: float) -> None:
        """Take in a key that is not there."""
        if expiry < self._begun:
            heappush(self._first, (expiry, key))
            return
        beginning = expiry // BUCKET * BUCKET
        bucket = self._buckets.get(beginning)
        if bucket is None:
            bucket = self._buckets[beginning] = bytearray()
            heappush(self._beginnings, beginning)
        bucket += _LENGTHS[len(key)]
        bucket += key

    def is_due(self, now: float) -> bool:
        """Say whether a life may have ended by `now`: quickly, since it is asked at each event."""
        return (bool(self._first) and self._first[0][0] <= now) or (
            bool(self._beginnings) and self._beginnings[0] <= now
        )

    def ended(self, now: float) -> Iterator[bytes]:
        """Take away, one after the other, the keys of what has ended by `now`."""
        while self.is_due(now):
            if self._is_first_right():
                yield heappop(self._first)[1]

    def take_first(self) -> bytes:
        """Take away the key of what ends first, long before its end though it may be."""
        while not self._is_first_right():
            pass
        return heappop(self._first)[1]

    def timer(self) -> float | None:
        """When a life may end next, or None.  May be early, never late."""
        first = min(
            self._first[0][0] if self._first else inf,
            self._beginnings[0] if self._beginnings else inf,
        )
        return first if first < inf else None

    def _is_first_right(self) -> bool:
        """Say whether the heap begins with the first life of all; come closer where it does not."""
        if self._beginnings and (not self._first or self._beginnings[0] <= self._first[0][0]):
            self._begin()
            return False
        place, key = self._first[0]
        expiry = self._expiry_of(key)
        if place < expiry:
            heappop(self._first)
            self.add(key, expiry)
            return False
        return True

    def _begin(self) -> None:
        """Put the lives of the next bucket into the heap."""
        beginning = heappop(self._beginnings)
        self._begun = max(self._begun, beginning + BUCKET)
        bucket = bytes(self._buckets.pop(beginning))
        at = 0
        while at < len(bucket):
            end = at + 1 + bucket[at]
            key = bucket[at + 1 : end]
            self.add(key, self._expiry_of(key))
            at = end


class Lives(Generic[L]):
    """Key to life."""

    def __init__(self) -> None:
        """Begin with none."""
        self.by_key: dict[bytes, L] = {}
        "To look into; `add` and `ended` change it."
        self._ends = Ends(self._expiry_of)

    def __len__(self) -> int:
        """Count the lives."""
        return len(self.by_key)

    def add(self, key: bytes, life: L) -> None:
        """Begin a life; the key has none."""
        self.by_key[key] = life
        self._ends.add(key, life.expiry)

    def ended(self, now: float) -> Iterator[tuple[bytes, L]]:
        """Take away, one after the other, the lives that have ended by `now`."""
        for key in self._ends.ended(now):
            yield key, self.by_key.pop(key)

    def take_first(self) -> tuple[bytes, L]:
        """Take away the life that ends first, long before its end though it may be."""
        key = self._ends.take_first()
        return key, self.by_key.pop(key)

    def timer(self) -> float | None:
        """When a life may end next, or None.  May be early, never late."""
        return self._ends.timer()

    def _expiry_of(self, key: bytes) -> float:
        return self.by_key[key].expiry
