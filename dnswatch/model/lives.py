"""Lives: things that end at a moment which may be put off, found in the order of their ends.

Each has one place in a queue, at its end or earlier, which is put right when it comes up: to put
off an end costs nothing, to begin or end a life O(log n) for n lives.
"""

from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace
from typing import Generic, Protocol, TypeVar


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
        self._queue: list[tuple[float, K]] = []

    def __len__(self) -> int:
        """Count the lives."""
        return len(self.by_key)

    def add(self, key: K, life: L) -> None:
        """Begin a life; the key has none."""
        self.by_key[key] = life
        heappush(self._queue, (life.expiry, key))

    def is_due(self, now: float) -> bool:
        """Say whether a life may have ended by `now`: quickly, since it is asked at each event."""
        return bool(self._queue) and self._queue[0][0] <= now

    def ended(self, now: float) -> Iterator[tuple[K, L]]:
        """Take away, one after the other, the lives that have ended by `now`."""
        while self._queue and self._queue[0][0] <= now:
            if self._is_first_right():
                yield self._take_first()

    def take_first(self) -> tuple[K, L]:
        """Take away the life that ends first, long before its end though it may be."""
        while not self._is_first_right():
            pass
        return self._take_first()

    def timer(self) -> float | None:
        """When a life may end next, or None.  May be early, never late."""
        return self._queue[0][0] if self._queue else None

    def _is_first_right(self) -> bool:
        """Say whether the first place in the queue is right; put it right where it is not."""
        place, key = self._queue[0]
        expiry = self.by_key[key].expiry
        if place < expiry:
            heapreplace(self._queue, (expiry, key))
        return place >= expiry

    def _take_first(self) -> tuple[K, L]:
        _, key = heappop(self._queue)
        return key, self.by_key.pop(key)
