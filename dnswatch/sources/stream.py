"""The stream: what several files tell, put into one order of time.

Files that follow each other are read one after the other, whatever the order in which they are
named; files that tell of the same time (two taps, two logs of Zeek) are read side by side.

Rules of this file: what comes out never runs backwards.  What comes too late for its place is given
the last moment passed instead of its own, and is counted.  What is of no time at all, since its
recording tells none, is counted by its reader and goes no further.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from io import BufferedReader, BytesIO
from math import inf
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar

from msgspec.structs import replace

from dnswatch.model.flow import Contact
from dnswatch.model.observation import Observation
from dnswatch.sources.crew import Crew
from dnswatch.sources.formats import Format, recognise
from dnswatch.sources.opening import STDIN, Opened, open_file
from dnswatch.sources.reading import Reading, Readings

_at: Final = attrgetter("at")
_until: Final = attrgetter("until")

T = TypeVar("T", Observation, Contact)


class _Input(NamedTuple):
    """A file that is yet to be read."""

    name: str
    format: Format
    begins: float
    "When what it tells of began, Unix seconds; 0 where that is not known before it is read."
    size: int
    "Bytes of the file; 0 where it does not say."
    opened: Opened | None
    "Where it cannot be opened a second time."


class Stream:
    """Several files as one."""

    def __init__(self, names: Sequence[str], crew: Crew) -> None:
        """Look at each file; raises `SourceError` where one cannot be read at all."""
        self._crew = crew
        self._inputs = sorted((_look(name) for name in names), key=attrgetter("begins"))
        self._company = frozenset(one.format.name for one in self._inputs)
        self._done = 0
        self._open: list[_Source] = []
        sizes = [one.size for one in self._inputs]
        self.size = sum(sizes) if all(sizes) else 0
        "Bytes of all files; 0 where one does not say."

    @property
    def position(self) -> int:
        """Bytes of them that were read so far."""
        return self._done + sum(source.opened.position() for source in self._open)

    def readings(self) -> Readings:
        """Read all files."""
        merge = _Merge()
        while self._inputs or self._open:
            self._open_next()
            source = min(self._open, key=_until)
            reading = next(source.readings, None)
            if reading is None:
                self._open.remove(source)
                census = Counter(source.opened.trouble)
                self._done += source.opened.position()
                source.opened.stream.close()
                reading = Reading(inf, [], [], [], census)
            else:
                source.until = max(source.until, reading.until)
            yield merge.take(reading, self._frontier())
        yield merge.take(Reading(inf, [], [], [], Counter()), inf)

    def _open_next(self) -> None:
        """Open the files that begin before all that are open have told up to there."""
        while self._inputs and (
            not self._open or self._inputs[0].begins <= min(map(_until, self._open))
        ):
            one = self._inputs.pop(0)
            opened = one.opened or open_file(one.name)
            readings = one.format.read(opened, self._crew, self._company)
            self._open.append(_Source(opened, readings))

    def _frontier(self) -> float:
        """Up to when all that there is has been told."""
        begins = self._inputs[0].begins if self._inputs else inf
        return min(begins, min(map(_until, self._open), default=inf))


class _Source:
    """A file that is being read."""

    def __init__(self, opened: Opened, readings: Readings) -> None:
        self.opened = opened
        self.readings = readings
        self.until = 0.0


class _Merge:
    """What waits for its turn."""

    def __init__(self) -> None:
        self._lookups: list[Observation] = []
        self._contacts: list[Contact] = []
        self._passed = 0.0

    def take(self, reading: Reading, frontier: float) -> Reading:
        """Take a reading; return all that nothing earlier can precede any more."""
        census = reading.census
        lookups, self._lookups = _cut(
            self._lookups, self._timely(reading.lookups, _moved, census), frontier
        )
        contacts, self._contacts = _cut(
            self._contacts, self._timely(reading.contacts, _replaced, census), frontier
        )
        latest = max((one[-1].at for one in (lookups, contacts) if one), default=self._passed)
        self._passed = max(self._passed, latest if frontier == inf else frontier)
        flows = [flow for flow in reading.flows if flow.at]
        return Reading(self._passed, lookups, contacts, flows, census)

    def _timely(
        self, things: list[T], moved: Callable[[T, float], T], census: Counter[str]
    ) -> list[T]:
        """Move what comes too late, and leave out what is of no time at all."""
        passed = self._passed
        if not things or (things[0].at and things[0].at >= passed):
            return things  # they are in order of time
        late = sum(one.at < passed for one in things)
        census["out_of_order"] += late
        timely = [one if one.at >= passed else moved(one, passed) for one in things]
        return [one for one in timely if one.at]


def _moved(seen: Observation, at: float) -> Observation:
    return replace(seen, at=at)


def _replaced(contact: Contact, at: float) -> Contact:
    return contact._replace(at=at)


def _cut(waiting: list[T], more: list[T], frontier: float) -> tuple[list[T], list[T]]:
    """Join two runs in order of time, and cut them behind the frontier."""
    is_sorted = not waiting or not more or waiting[-1].at <= more[0].at
    waiting += more
    if not is_sorted:
        waiting.sort(key=_at)  # linear, and stable
    cut = bisect_right(waiting, frontier, key=_at)
    return waiting[:cut], waiting[cut:]


def _look(name: str) -> _Input:
    """Look at how a file begins."""
    opened = open_file(name)
    found = recognise(opened)
    if name == STDIN:
        return _Input(name, found, 0.0, 0, opened)
    begins = _begins(opened, found)
    opened.stream.close()
    return _Input(name, found, begins, opened.size, None)


def _begins(opened: Opened, found: Format) -> float:
    """Return the earliest moment that the first bytes of a file tell of; 0 where there is none."""
    head = opened._replace(stream=BufferedReader(BytesIO(opened.head())))
    moments: list[float] = []
    for reading in found.read(head, Crew(1), frozenset()):
        moments += [seen.at for seen in reading.lookups]
        moments += [contact.at for contact in reading.contacts]
    return min(moments, default=0.0)
