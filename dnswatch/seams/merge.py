"""Merge: the observations of several workers, put into one order of time.

Each batch says up to when its worker has told all it saw (`Batch.until`); what is not later than
that of every worker can be passed on.  A worker that has been silent for longer than `lag` holds
nobody back: it may be dead, or its line cut.

Rules of this file: what comes out never runs backwards.  An observation that comes too late for its
place is given the last moment passed instead of its own, and is counted.
"""

from bisect import bisect_right
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

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
        self._waiting: list[Observation] = []
        self.passed = 0.0
        "The moment up to which everything has come out, Unix seconds."
        self.late = 0
        "Observations that came too late for their place."

    def add(self, batch: Batch, now: float) -> None:
        """Take in one worker's batch, heard at `now`."""
        self._heard_at[batch.worker] = now
        self._until[batch.worker] = max(self._until[batch.worker], batch.until)
        for seen in batch.observations:
            if seen.at < self.passed:
                self.late += 1
                seen = replace(seen, at=self.passed)
            self._waiting.append(seen)

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
        return self._pass(max(map(_at, self._waiting), default=self.passed))

    def _pass(self, until: float) -> list[Observation]:
        self.passed = max(self.passed, until)
        self._waiting.sort(key=_at)  # it is a few sorted runs: linear, and stable
        cut = bisect_right(self._waiting, self.passed, key=_at)
        released, self._waiting = self._waiting[:cut], self._waiting[cut:]
        return released
