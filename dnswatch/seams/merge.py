"""Merge: what several vantage points saw, put into one order of time.

Each batch says up to when its sender has told all it saw (`Batch.until`); what is not later than
that of every sender can be passed on.  Nobody is waited for who has been silent for longer than his
lag: he may be dead, or his line cut.  A worker is waited for as far back as its backlog goes; any
other vantage point is never waited for longer than its lag, however often it speaks.

Rules of this file: what comes out never runs backwards, and what one sender said comes out as it
was said, so that it is told in two numbers what waits (`Cursor`).  An observation that comes too
late for its place is given the earliest moment that is left, its TTLs are shortened by as much, so
that no address lives longer for it, and it is counted.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from itertools import repeat
from math import inf
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from dnswatch.model.changes import Cursor
from dnswatch.model.observation import Observation
from dnswatch.seams.batch import Batch

LAG: Final = 1.0
"""Seconds of silence after which a worker is not waited for: four times the interval of batches."""

OUTDATED: Final = 60.0
"""Seconds beyond its lag after which a vantage point's observation has no place any more: judged at
a later moment, an hour's lookups of an honest client would look like those of a worm."""

MOST: Final = 200_000
"""Observations that wait; beyond, nobody but workers is waited for.  About 60 MB."""

_at: Final = attrgetter("at")


Told = tuple[str, Observation]
"""Who made an observation, and the observation, in its place."""


class Merge:
    """One stream out of those of several senders, by their names."""

    def __init__(self) -> None:
        """Expect nobody yet."""
        self._streams: dict[str, _Stream] = {}
        self.passed = 0.0
        "The moment up to which everything has come out, Unix seconds."
        self.late: Counter[str] = Counter()
        "Observations that came too late for their place, by who made them."

    def join(
        self,
        name: str,
        now: float,
        lag: float = LAG,
        behind: float = inf,
        oldest: float | None = None,
    ) -> None:
        """Wait for a sender from `now` on, unless it is silent for `lag` seconds.

        It is not waited for longer than `behind` seconds either, though it speaks.  What comes
        more than `oldest` seconds too late has no place any more; where that is not said, that
        concerns those that are not waited for.
        """
        stream = self._streams.setdefault(name, _Stream())
        stream.oldest = oldest or (OUTDATED if behind < inf else inf)
        stream.lag, stream.behind, stream.heard_at, stream.until = lag, behind, now, 0.0

    def leave(self, name: str) -> None:
        """Wait for a sender no longer; what it said comes out all the same."""
        if name in self._streams:
            self._streams[name].lag = -inf

    def add(self, name: str, batch: Batch, now: float, place: int = 0) -> list[Observation]:
        """Take in a sender's batch, heard at `now`; `place` is its own in the journal.

        Returns the observations that are too old for any place.
        """
        stream = self._streams.setdefault(name, _Stream())
        stream.heard_at = now
        stream.until = max(stream.until, batch.until)
        earliest = max(self.passed, now - stream.behind)
        in_order = sorted(batch.observations, key=_at)
        cut = bisect_left(in_order, earliest - stream.oldest, key=_at)
        outdated, late = in_order[:cut], cut
        if len(in_order) > cut:
            late += stream.add(in_order[cut:], earliest, place)
        if late:
            self.late[name] += late
        return outdated

    def release(self, now: float) -> list[Told]:
        """Return what nothing earlier can precede any more, in order of time."""
        streams = list(self._streams.values())
        if sum(len(stream.observations) for stream in streams) > MOST:
            streams = [stream for stream in streams if stream.behind == inf]
        marks = [mark for stream in streams if (mark := stream.watermark(now)) < inf]
        return self._pass(min(marks, default=now - LAG))

    def flush(self) -> list[Told]:
        """Return all that waits, in order of time, without waiting for anyone."""
        return self._pass(max([self.passed, *(each.last for each in self._streams.values())]))

    def waiting(self) -> dict[str, tuple[int, int]]:
        """Tell what waits, as a `Cursor` does."""
        streams = self._streams.items()
        return {name: stream.first_left() for name, stream in streams if stream.observations}

    def _pass(self, until: float) -> list[Told]:
        self.passed = max(self.passed, until)
        released: list[Told] = []
        for name, stream in self._streams.items():
            released += zip(repeat(name), stream.take(self.passed))
        if len(self._streams) > 1:
            released.sort(key=lambda told: told[1].at)  # some sorted runs: linear, and stable
        for name in [name for name, stream in self._streams.items() if stream.is_done]:
            del self._streams[name]
        return released


class _Stream:
    """What waits of one sender, in order of time."""

    def __init__(self) -> None:
        self.lag = -inf
        "It is not waited for once it has been silent for that long; never, at first."
        self.behind = self.oldest = inf
        self.until = self.heard_at = 0.0
        self.observations: list[Observation] = []
        self._batches: deque[tuple[int, int]] = deque()
        "Where each batch is of which some wait, and how many there were up to its end."
        self._taken = 0

    @property
    def last(self) -> float:
        """The latest moment of what waits."""
        return self.observations[-1].at if self.observations else 0.0

    @property
    def is_done(self) -> bool:
        """Whether its sender has left, and nothing of it waits."""
        return self.lag == -inf and not self.observations

    def watermark(self, now: float) -> float:
        """Return up to when it has told all; beyond all time where nobody waits for it."""
        return inf if now - self.heard_at > self.lag else max(self.until, now - self.behind)

    def add(self, in_order: list[Observation], earliest: float, place: int) -> int:
        """Take in those of one batch; return how many came too late."""
        earliest, late = max(earliest, self.last), 0
        if in_order[0].at < earliest:
            late = bisect_left(in_order, earliest, key=_at)
            in_order[:late] = [_delayed(seen, earliest) for seen in in_order[:late]]
        self.observations += in_order
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


def _delayed(seen: Observation, at: float) -> Observation:
    """Return an observation as if it had been made at a later moment."""
    delay = round(at - seen.at)
    addresses = tuple((address, max(0, ttl - delay)) for address, ttl in seen.addresses)
    return replace(seen, at=at, addresses=addresses, ttl=max(0, seen.ttl - delay))


def rest(name: str, batch: Batch, place: int, stored: Cursor) -> Batch:
    """Return what is not stored yet of a sender's batch at that place in the journal."""
    first, left = stored.waiting.get(name, (stored.taken, 0))
    observations = batch.observations
    if place < first:
        observations = []
    elif place == first and left:
        observations = sorted(observations, key=_at)[-left:]
    if place < stored.taken:
        return Batch(batch.until, observations)
    return replace(batch, observations=observations)
