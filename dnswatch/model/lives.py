"""Lives: things that end at a moment which may be put off, found in the order of their ends.

Most wait in a bucket with others that end within the same `BUCKET` seconds, at eight bytes each;
those whose bucket has begun stand in a heap.  A life may have been put off since: then it moves on
when its place comes up.  To put off an end costs nothing, to begin or end a life O(log n) for n
lives of one bucket.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from math import inf
from typing import Final, Generic, Protocol, TypeVar

BUCKET: Final = 8.0
"""Seconds: few enough that a heap stays small, and enough that buckets hold many."""


class Life(Protocol):
    """Something that ends."""

    expiry: float
    "When, Unix seconds; may become later, never earlier."


K = TypeVar("K", bytes, str)
L = TypeVar("L", bound=Life)


class Lives(Generic[K, L]):
    """Key to life."""

    def __init__(self) -> None:
        """Begin with none."""
        self.by_key: dict[K, L] = {}
        "To look into; `add` and `ended` change it."
        self._buckets: dict[float, list[K]] = {}
        "By the moment at which they begin."
        self._beginnings: list[float] = []
        "The same moments, as a heap."
        self._first: list[tuple[float, K]] = []
        "A heap of those whose bucket has begun: end or earlier, and key."
        self._begun = -inf
        "Lives that end before this stand in the heap."

    def __len__(self) -> int:
        """Count the lives."""
        return len(self.by_key)

    def add(self, key: K, life: L) -> None:
        """Begin a life; the key has none."""
        self.by_key[key] = life
        self._queue(key, life.expiry)

    def is_due(self, now: float) -> bool:
        """Say whether a life may have ended by `now`: quickly, since it is asked at each event."""
        return (bool(self._first) and self._first[0][0] <= now) or (
            bool(self._beginnings) and self._beginnings[0] <= now
        )

    def ended(self, now: float) -> Iterator[tuple[K, L]]:
        """Take away, one after the other, the lives that have ended by `now`."""
        while self.is_due(now):
            if self._is_first_right():
                yield self._take_first()

    def take_first(self) -> tuple[K, L]:
        """Take away the life that ends first, long before its end though it may be."""
        while not self._is_first_right():
            pass
        return self._take_first()

    def timer(self) -> float | None:
        """When a life may end next, or None.  May be early, never late."""
        if not self.by_key:
            return None
        return min(
            self._first[0][0] if self._first else inf,
            self._beginnings[0] if self._beginnings else inf,
        )

    def _queue(self, key: K, expiry: float) -> None:
        if expiry < self._begun:
            heappush(self._first, (expiry, key))
            return
        beginning = expiry // BUCKET * BUCKET
        bucket = self._buckets.get(beginning)
        if bucket is None:
            bucket = self._buckets[beginning] = []
            heappush(self._beginnings, beginning)
        bucket.append(key)

    def _is_first_right(self) -> bool:
        """Say whether the heap begins with the first life of all; come closer where it does not."""
        if self._beginnings and (not self._first or self._beginnings[0] <= self._first[0][0]):
            self._begin()
            return False
        place, key = self._first[0]
        expiry = self.by_key[key].expiry
        if place < expiry:
            heappop(self._first)
            self._queue(key, expiry)
            return False
        return True

    def _begin(self) -> None:
        """Put the lives of the next bucket into the heap."""
        beginning = heappop(self._beginnings)
        self._begun = max(self._begun, beginning + BUCKET)
        for key in self._buckets.pop(beginning):
            self._queue(key, self.by_key[key].expiry)

    def _take_first(self) -> tuple[K, L]:
        _, key = heappop(self._first)
        return key, self.by_key.pop(key)
