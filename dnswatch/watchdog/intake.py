"""The intake: what all say to the watch of a single server, and the one order that comes of it.

`BatchSource` is what the watch process knows of it, so that it need not know whether the lines of
its own server are behind it, or all those of a fleet.
"""

import selectors
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from dnswatch import clock
from dnswatch.control import Control
from dnswatch.model.changes import Cursor
from dnswatch.model.observation import Observation
from dnswatch.model.vantage import VantagePoint
from dnswatch.seams.batch import Batch, Briefing
from dnswatch.seams.merge import Merge, Told, rest
from dnswatch.settings import Settings
from dnswatch.watchdog.journal import Journal
from dnswatch.watchdog.lines import Line
from dnswatch.watchdog.reception import Heard, LineReception, Lines


class ReceivedBatch(NamedTuple):
    """A batch, and what of it is too old to be put into the order of time."""

    name: str
    batch: Batch
    outdated: list[Observation]


Take = Callable[[list[ReceivedBatch], Line | None], object]
"""Takes in what was heard, and by which line, if it came by one."""


class BatchSource(Protocol):
    """All that the watch hears, and whom it tells."""

    @property
    def passed(self) -> float:
        """The moment up to which everything has come out, Unix seconds."""

    def worker(self, name: str) -> tuple[str, int] | None:
        """Return a worker's node and number; None for another vantage point."""

    def configure(self, settings: Settings) -> None:
        """Take settings, the first ones or others."""

    def take_up(
        self, stored: Sequence[Cursor] | None, now: float
    ) -> tuple[list[ReceivedBatch], int]:
        """Return what a watch that was killed had read and not stored, and how much was lost.

        `stored` says what of it is in the store; where that is not known all is lost, rather than
        counted twice.
        """

    def open(self, selector: selectors.BaseSelector, take: Take) -> None:
        """Begin; `take` is called with what is heard."""

    def read_rest(self, deadline: float) -> None:
        """Read what waits, until then by `clock.elapsed`."""

    def tell(
        self, briefings: Iterable[Briefing], *, to: Line | None = None, but: Line | None = None
    ) -> None:
        """Tell all workers, or one, or all but one."""

    def release(self, now: float) -> list[Told]:
        """Return what nothing earlier can precede any more, in order of time."""

    def flush(self) -> list[Told]:
        """Return all that waits, in order of time."""

    def cursors(self) -> tuple[Cursor, ...]:
        """Tell how much of the journals has come out."""

    def let_go(self, stored: Sequence[Cursor]) -> None:
        """Keep nothing that is in the store."""

    def settle(self, whole: Callable[[], Iterable[Briefing]]) -> None:
        """Hand over what waits to be told, and the `whole` to whoever has missed something."""

    def drain(self) -> tuple[Counter[str], dict[str, VantagePoint]]:
        """Return counts since the last time, and how those vantage points do that said anything."""


class Intake:
    """What comes by the lines of one server: a `BatchSource`."""

    def __init__(self, lines: Lines, journal: Journal, control: Control) -> None:
        """Hear all; at the other end of `control` the supervisor keeps guests' connections."""
        self._merge = Merge()
        self._reception = LineReception(lines, journal, control, self._merge)
        self._journal = journal
        self._missed = 0
        "Briefings that did not reach a worker."

    @property
    def lines(self) -> list[Line]:
        """All lines that there are."""
        return self._reception.lines

    @property
    def passed(self) -> float:
        """The moment up to which everything has come out, Unix seconds."""
        return self._merge.passed

    def worker(self, name: str) -> tuple[str, int] | None:
        """Return a worker's number, of no node; None for another vantage point."""
        number = self._reception.number(name)
        return None if number is None else ("", number)

    def configure(self, settings: Settings) -> None:
        """Take settings, the first ones or others."""
        self._reception.configure(settings)

    def take_up(
        self, stored: Sequence[Cursor] | None, now: float
    ) -> tuple[list[ReceivedBatch], int]:
        """Return what a watch that was killed had read and not stored, and how much was lost."""
        for worker in self._reception.workers:
            self._merge.join(worker.name, now)
        self._reception.begin(now)
        records = list(self._journal.records())
        if stored is None:
            self._journal.let_go(self._journal.end)
            return [], len(records)
        ours = [cursor for cursor in stored if cursor.journal == self._journal.name]
        cursor = ours[0] if ours else Cursor(self._journal.name)
        heard = []
        for place, name, message, _ in records:
            batch = self._reception.decode(name, message, now)
            left = rest(name, batch, place, cursor)
            heard.append(self._add(self._reception.hear(name, left, place, now), now))
        return heard, 0

    def open(self, selector: selectors.BaseSelector, take: Take) -> None:
        """Begin; `take` is called with what is heard."""
        self._take = take
        self._reception.open(selector, self._hear)

    def read(self, line: Line, now: float) -> list[ReceivedBatch]:
        """Take in some of what waits on a line."""
        return [self._add(each, now) for each in self._reception.read(line, now)]

    def read_rest(self, deadline: float) -> None:
        """Read what waits, until then."""
        is_more = True
        while is_more and clock.elapsed() < deadline:
            is_more = any([self._hear(line) for line in self.lines])  # noqa: C419 each has its turn

    def tell(
        self, briefings: Iterable[Briefing], *, to: Line | None = None, but: Line | None = None
    ) -> None:
        """Tell all workers, or one, or all but one."""
        told = list(briefings)
        for worker in self._reception.workers:
            if worker is not but and to in (None, worker):
                worker.tell(told)

    def release(self, now: float) -> list[Told]:
        """Return what nothing earlier can precede any more, in order of time."""
        return self._merge.release(now)

    def flush(self) -> list[Told]:
        """Return all that waits, in order of time."""
        return self._merge.flush()

    def cursors(self) -> tuple[Cursor, ...]:
        """Tell how much of the journal has come out."""
        return (Cursor(self._journal.name, self._journal.end, self._merge.waiting()),)

    def let_go(self, stored: Sequence[Cursor]) -> None:
        """Keep nothing in the journal that is in the store."""
        for cursor in stored:
            self._journal.let_go(cursor.needed)

    def settle(self, whole: Callable[[], Iterable[Briefing]]) -> None:
        """Hand over what waits to be told, and the `whole` to whoever has missed something."""
        for worker in self._reception.workers:
            worker.send()
            self._missed += worker.lost
            if worker.lost:  # marks may be among them
                worker.tell(whole())
            worker.lost = 0

    def drain(self) -> tuple[Counter[str], dict[str, VantagePoint]]:
        """Return counts since the last time, and how those vantage points do that said anything."""
        for name, late in self._merge.late.items():
            self._reception.note_late(name, late)
        counters, points = self._reception.drain()
        counters["observations_late"] = self._merge.late.total()
        counters["briefings_lost"], self._missed = self._missed, 0
        self._merge.late.clear()
        return +counters, points

    def _hear(self, line: Line) -> bool:
        heard = self.read(line, clock.now())
        self._take(heard, line)
        line.send()
        return bool(heard)

    def _add(self, heard: Heard, now: float) -> ReceivedBatch:
        name, batch, place = heard
        return ReceivedBatch(name, batch, self._merge.add(name, batch, now, place))
