"""Merge: the observations of several workers, put into one order of time.

Each batch says up to when its worker has told all it saw (`Batch.until`); what is not later than
that of every worker can be passed on.  A worker that has been silent for longer than `lag` holds
nobody back: it may be dead, or its line cut.

Rules of this file: what comes out never runs backwards, and what one worker said comes out as it
was said, so that it is told in two numbers what waits (`Cursor`).  An observation that comes too
late for its place is given the earliest moment that is left, and is counted.
"""

from bisect import bisect_right
from collections import deque
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from dnswatch.model.changes import Cursor
from dnswatch.model.observation import Observation
from dnswatch.seams.batch import Batch

LAG: Final = 1.0
"""Seconds of silence after which a worker is not waited for: four times the interval of batches."""

_at: Final = attrgetter("at")


class Merge:
    """One stream out of those of several workers."""

    def __init__(self, workers: int, now: float, lag: float = LAG) -> None:
        """Expect `workers` workers, numbered from 0, to speak from `now` on."""
        self._lag = lag
        self._until = [0.0] * workers
        self._heard_at = [now] * workers
        self._streams = [_Stream() for _ in range(workers)]
        self.passed = 0.0
        "The moment up to which everything has come out, Unix seconds."
        self.late = 0
        "Observations that came too late for their place."

    def add(self, batch: Batch, now: float, place: int = 0) -> None:
        """Take in one worker's batch, heard at `now`; `place` is its own in the journal."""
        self._heard_at[batch.worker] = now
        self._until[batch.worker] = max(self._until[batch.worker], batch.until)
        if batch.observations:
            self.late += self._streams[batch.worker].add(batch.observations, self.passed, place)

    def release(self, now: float) -> list[Observation]:
        """Return what nothing earlier can precede any more, in order of time."""
        speaking = [
            until
            for until, heard_at in zip(self._until, self._heard_at, strict=True)
            if now - heard_at <= self._lag
        ]
        return self._pass(min(speaking, default=now - self._lag))

    def flush(self) -> list[Observation]:
        """Return all that waits, in order of time, without waiting for anyone."""
        return self._pass(max([self.passed, *(stream.last for stream in self._streams)]))

    def waiting(self) -> dict[int, tuple[int, int]]:
        """Tell what waits, as a `Cursor` does."""
        streams = enumerate(self._streams)
        return {worker: stream.first_left() for worker, stream in streams if stream.observations}

    def _pass(self, until: float) -> list[Observation]:
        self.passed = max(self.passed, until)
        released = [seen for stream in self._streams for seen in stream.take(self.passed)]
        released.sort(key=_at)  # it is a few sorted runs: linear, and stable
        return released


class _Stream:
    """What waits of one worker, in order of time."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self._batches: deque[tuple[int, int]] = deque()
        "Where each batch is of which some wait, and how many there were up to its end."
        self._taken = 0

    @property
    def last(self) -> float:
        """The latest moment of what waits."""
        return self.observations[-1].at if self.observations else 0.0

    def add(self, observations: list[Observation], passed: float, place: int) -> int:
        """Take in those of one batch; return how many came too late."""
        earliest, late = max(passed, self.last), 0
        for seen in sorted(observations, key=_at):
            if seen.at < earliest:
                seen, late = replace(seen, at=earliest), late + 1
            self.observations.append(seen)
        self._batches.append((place, self._taken + len(self.observations)))
        return late

    def take(self, until: float) -> list[Observation]:
        """Return those up to a moment, which wait no longer."""
        cut = bisect_right(self.observations, until, key=_at)
        taken, self.observations = self.observations[:cut], self.observations[cut:]
        self._taken += cut
        while self._batches and self._batches[0][1] <= self._taken:
            self._batches.popleft()
        return taken

    def first_left(self) -> tuple[int, int]:
        """Tell where the first batch is of which some wait, and how many."""
        place, end = self._batches[0]
        return place, end - self._taken


def rest(batch: Batch, place: int, stored: Cursor) -> Batch:
    """Return what is not stored yet of a batch at that place in the journal."""
    first, left = stored.waiting.get(batch.worker, (stored.taken, 0))
    observations = batch.observations
    if place < first:
        observations = []
    elif place == first and left:
        observations = sorted(observations, key=_at)[-left:]
    if place < stored.taken:
        return Batch(batch.worker, batch.until, observations)
    return replace(batch, observations=observations)
