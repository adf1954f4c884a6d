"""LineReception: the lines of all that hand over batches, and who is at their other ends.

These are the workers, and other vantage points: children of the supervisor, whose lines it keeps,
and whoever comes in at the door.  Each has a name and a lag; they come and go.  What they say is in
the journal before anybody makes something of it.
"""

import logging
import selectors
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import Final, NamedTuple, Protocol

from dnswatch import clock
from dnswatch.control import Control
from dnswatch.model.vantage import VantagePoint
from dnswatch.resolver.access import Networks, leave_out
from dnswatch.seams.batch import Batch, decode
from dnswatch.seams.ingest import DROPPED, Hello, read
from dnswatch.settings import Settings
from dnswatch.watchdog.door import GUESTS, Door
from dnswatch.watchdog.journal import Journal
from dnswatch.watchdog.lines import Line

FAIR: Final = 8
"""Batches read from one line before the next has its turn."""

DAMAGED: Final = 10
"""Damaged messages within a minute after which a vantage point is sent away, for as long."""

_MINUTE: Final = 60.0

logger: Final = logging.getLogger("dnswatch.watchdog")


class Tied(NamedTuple):
    """A vantage point whose line the supervisor keeps."""

    name: str
    lag: float
    line: socket.socket
    "The watch's end."


class Lines(NamedTuple):
    """All that leads to the watch; seqpacket sockets that do not block."""

    workers: Sequence[socket.socket]
    "The watch's end of each worker's line."
    tied: Sequence[Tied] = ()
    "Other vantage points that are children of the supervisor."
    door: socket.socket | None = None
    "Where others come in: it listens."
    guests: Sequence[Tied] = ()
    "Those that came in at an earlier watch's door."


class Heard(NamedTuple):
    """A batch, who sent it, and its place in the journal."""

    name: str
    batch: Batch
    place: int


class Attendance(Protocol):
    """Who is to know of vantage points that come and go; what `Merge` does of it."""

    def join(self, name: str, now: float, lag: float, behind: float) -> None:
        """Somebody comes, and may be `lag` seconds behind."""

    def leave(self, name: str) -> None:
        """Somebody is gone."""


class LineReception:
    """Everybody's lines, and the journal behind them."""

    def __init__(
        self, lines: Lines, journal: Journal, control: Control, attendance: Attendance
    ) -> None:
        """Hear all; at the other end of `control` the supervisor keeps guests' connections."""
        self.workers = [Line(f"worker {number}", line) for number, line in enumerate(lines.workers)]
        self.journal = journal
        self._numbers = {line.name: number for number, line in enumerate(self.workers)}
        self._tied, self._guests = lines.tied, lines.guests
        self._control = control
        self._attendance = attendance
        self._kept: list[Line] = []
        "The lines that the supervisor keeps: they stay, whatever comes by them."
        self._others: dict[str, Line] = {}
        self._points: dict[str, VantagePoint] = {}
        self._changed: set[str] = set()
        self._damage: dict[str, list[float]] = {}
        "When each vantage point sent damage of late."
        self._door = None if lines.door is None else Door(lines.door, self._let_in)
        self._counters: Counter[str] = Counter()
        self._say_at = 0.0
        self._left_out = Networks(())

    @property
    def lines(self) -> list[Line]:
        """All lines that there are."""
        return [*self.workers, *self._others.values()]

    def number(self, name: str) -> int | None:
        """Return a worker's number; None for another vantage point."""
        return self._numbers.get(name)

    def configure(self, settings: Settings) -> None:
        """Take settings, the first ones or others."""
        self._left_out = Networks(settings.privacy.leave_out)
        if self._door is not None:
            self._door.configure(settings.ingest.users)

    def begin(self, now: float) -> None:
        """Take up the lines where an earlier process left them."""
        self._kept = [self._join(*each, now) for each in self._tied]
        for each in self._guests:
            if each.name in self._others:  # a child has that name since the last reload
                Line(each.name, each.line).close()
                self._control.drop(each.name)
            else:
                self._join(*each, now)
        for line in self.lines:
            line.drop(self.journal.last)

    def open(self, selector: selectors.BaseSelector, ready: Callable[[Line], object]) -> None:
        """Begin; `ready` is called for each line that has something to read."""
        self._selector, self._ready = selector, ready
        for line in self.lines:
            selector.register(line, selectors.EVENT_READ, partial(ready, line))
        if self._door is not None:
            self._door.open(selector)

    def read(self, line: Line, now: float) -> list[Heard]:
        """Take in some of what waits on a line."""
        heard = [
            self.hear(line.name, batch, place, now)
            for place, batch in line.receive(FAIR, self.journal)
        ]
        self._counters["batches_broken"] += line.broken
        if self._others.get(line.name) is line:
            self._look_after(line, now)
        line.broken = 0
        return heard

    def decode(self, name: str, message: bytes, now: float) -> Batch:
        """Read a message as its sender's line did."""
        return decode(message) if name in self._numbers else self._read(name, message, now)

    def hear(self, name: str, batch: Batch, place: int, now: float) -> Heard:
        """Take in a batch; a vantage point's counter goes into ours."""
        if name not in self._numbers:
            dropped = batch.counters.pop(DROPPED, 0)
            self._counters["ingest_dropped"] += dropped
            if (point := self._points.get(name)) is not None:
                point.heard_at = now
                point.batches += 1
                point.lookups += len(batch.observations) + sum(one.count for one in batch.tallies)
                point.dropped += dropped
                self._changed.add(name)
        return Heard(name, batch, place)

    def note_late(self, name: str, late: int) -> None:
        """Note how many lookups of a vantage point came too late."""
        if name in self._points:
            self._points[name].late += late

    def drain(self) -> tuple[Counter[str], dict[str, VantagePoint]]:
        """Return counts since the last time, and how those vantage points do that said anything."""
        counters, self._counters = self._counters, Counter()
        if self._door is not None:
            self._door.tidy()
            counters["ingest_refused"], self._door.refused = self._door.refused, 0
        changed = {name: copy(self._points[name]) for name in self._changed}
        self._changed.clear()
        for name in [name for name, point in self._points.items() if point.gone_at is not None]:
            del self._points[name]
        return +counters, changed

    def _join(self, name: str, lag: float, line: socket.socket, now: float) -> Line:
        self._attendance.join(name, now, lag, behind=lag)
        self._points[name] = VantagePoint(name, lag, now, now)
        self._changed.add(name)
        joined = Line(name, line, lambda message: self._read(name, message, clock.now()))
        self._others[name] = joined
        return joined

    def _read(self, name: str, message: bytes, now: float) -> Batch:
        """Read what another vantage point than a worker says."""
        batch = read(message, now, is_ours=any(name == tied.name for tied in self._tied))
        return leave_out(batch, self._left_out) if self._left_out else batch

    def _let_in(self, hello: Hello, guest: socket.socket) -> str | None:
        name, now = hello.hello, clock.now()
        if name in self._others:
            return f"another vantage point is called '{name}' and is still there"
        if len(self._others) >= GUESTS:
            return f"{GUESTS} vantage points are there already"
        if self._is_barred(name, now):
            return f"'{name}' sent {DAMAGED} damaged messages within a minute: wait for another one"
        line = self._join(name, hello.lag, guest, now)
        self._control.keep(name, hello.lag, guest)
        self._selector.register(line, selectors.EVENT_READ, partial(self._ready, line))
        self._say("vantage point '%s' has come, and may be %.1f s behind", name, hello.lag)
        return None

    def _say(self, text: str, *what: object) -> None:
        """Say who comes and goes, a line a second at most."""
        if clock.elapsed() >= self._say_at:
            self._say_at = clock.elapsed() + 1.0
            logger.info(text, *what)

    def _look_after(self, line: Line, now: float) -> None:
        """Count a vantage point's damage; let it go where it is gone, or sends too much of that."""
        if line.broken:
            self._points[line.name].damaged += line.broken
            self._changed.add(line.name)
            self._damage.setdefault(line.name, []).extend([now] * line.broken)
        if line in self._kept:
            return
        if self._is_barred(line.name, now):
            logger.warning(
                "vantage point '%s' sent %d damaged messages within a minute, and is sent away",
                line.name,
                DAMAGED,
            )
            self._leave(line, now)
        elif line.is_over:
            self._say("vantage point '%s' is gone", line.name)
            self._leave(line, now)

    def _leave(self, line: Line, now: float) -> None:
        self._selector.unregister(line)
        line.close()
        self._control.drop(line.name)
        del self._others[line.name]
        self._attendance.leave(line.name)
        self._points[line.name].gone_at = now
        self._changed.add(line.name)

    def _is_barred(self, name: str, now: float) -> bool:
        """Whether it has sent too much damage of late."""
        self._damage = {
            one: recent
            for one, times in self._damage.items()
            if (recent := [at for at in times[-DAMAGED:] if at > now - _MINUTE])
        }
        return len(self._damage.get(name, ())) >= DAMAGED
