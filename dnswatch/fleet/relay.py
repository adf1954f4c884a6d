"""The relay: the process that stands where the watch stands in a server by itself.

It reads the lines, writes what comes into the node's journal, has that sent to the engine
(`uplink`), and tells the workers what the leader tells (`downlink`).  What one worker learns of
exchanges it tells its siblings at once, so that a node by itself loses nothing of that.
"""

import os
import selectors
import socket
import threading
from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.control import Control
from dnswatch.fleet.downlink import Downlink
from dnswatch.fleet.engine import FleetEngine
from dnswatch.fleet.forms import COUNTERS, POINTS, Points, RelayNotice, StreamName, encode
from dnswatch.fleet.mirror import Mirror
from dnswatch.fleet.uplink import Uplink
from dnswatch.fleet.view import RelayView, write_relay
from dnswatch.model.exchanges import Lessons, lessons_of
from dnswatch.model.policies.exempt import Exempt
from dnswatch.seams.batch import STARTED, Batch, Briefing, brief
from dnswatch.seams.batch import encode as encode_batch
from dnswatch.settings import Settings, Source, combine
from dnswatch.watchdog.journal import Journal
from dnswatch.watchdog.lines import Line
from dnswatch.watchdog.process import stop_signal
from dnswatch.watchdog.reception import Heard, LineReception, Lines

SIZE: Final = 64 << 20
"""Bytes of a node's journal: minutes to hours without the engine."""

NICENESS: Final = 4
"""Answers come first; then this, which all the site's verdicts wait for, before the watch."""

TICK: Final = 1.0
"""Seconds between two looks at counters and vantage points."""

LAST_READING: Final = 0.2
"""Seconds to read what waits when told to stop."""

LAST_SENDING: Final = 0.3
"""Seconds to send it: with the reading, what a supervisor that stops has left."""


def main(source: Source, state: Path, lines: Lines, journal: int, control: socket.socket) -> None:
    """Relay until told to stop; runs in a process of its own.

    `journal` is the file of the node's journal, which outlives this process.
    """
    os.nice(NICENESS)
    _Relay(source, state, lines, Journal(journal), control).run()


class _Relay:
    """The parts of the relay, and what passes between them."""

    def __init__(
        self, source: Source, state: Path, lines: Lines, journal: Journal, control: socket.socket
    ) -> None:
        settings = combine(source)
        self._state = state
        self._control = Control(control)
        self._journal, self._lock = journal, threading.Lock()
        self._reception = LineReception(lines, journal, self._control, _Attendance())
        workers = len(lines.workers)
        self._mirror = Mirror(max(workers, 1))
        self._stream = StreamName(settings.fleet.node, journal.name).text
        connect = partial(FleetEngine, settings.fleet)
        self._uplink = Uplink(connect, settings.fleet.node, workers, journal, self._lock)
        self._downlink = Downlink(connect)
        self._counters: Counter[str] = Counter()
        self._configure(settings)
        self._is_stopping = False

    def run(self) -> None:
        """Relay until told to stop."""
        with selectors.DefaultSelector() as selector, stop_signal() as stop:
            with self._lock:
                self._reception.begin(clock.now())
            self._uplink.start()
            self._downlink.start()
            selector.register(stop, selectors.EVENT_READ, self._stop)
            selector.register(self._control, selectors.EVENT_READ, self._obey)
            selector.register(self._downlink.news, selectors.EVENT_READ, self._tell_news)
            self._reception.open(selector, self._read)
            self._loop(selector)
        self._finish()

    def _loop(self, selector: selectors.BaseSelector) -> None:
        tick_at = clock.elapsed()
        while not self._is_stopping:
            for key, _ in selector.select(max(0.0, tick_at - clock.elapsed())):
                key.data()
            if clock.elapsed() >= tick_at:
                tick_at = clock.elapsed() + TICK
                self._control.beat()
                self._look_after_workers()
                self._report()
                self._show()

    def _read(self, line: Line) -> bool:
        """Take in some of what waits on a line; return whether there was anything."""
        with self._lock:
            heard = self._reception.read(line, clock.now())
        if heard:
            self._uplink.call()
            self._teach(heard, line)
        line.send()
        return bool(heard)

    def _teach(self, heard: list[Heard], source: Line) -> None:
        """Tell the other workers which names were learned, and who has begun, all."""
        seen = list(chain.from_iterable(each.batch.observations for each in heard))
        lessons = lessons_of(seen, self._is_exempt)
        if lessons != Lessons():
            self._mirror.exchanges.teach(lessons, clock.now())
            for worker in self._reception.workers:
                if worker is not source:
                    worker.tell(brief(lessons))
        if any(STARTED in each.batch.counters for each in heard):
            source.tell(self._mirror.whole(clock.now()))

    def _tell_news(self) -> None:
        """Tell the workers what the leader tells."""
        for news in self._downlink.news.take():
            if isinstance(news, RelayNotice):
                self._heed(news)
            else:
                self._tell([self._mirror.learn(news, clock.now())])

    def _heed(self, notice: RelayNotice) -> None:
        """Take in what the leader tells us ourselves."""
        if (needed := notice.needed.get(self._stream)) is not None:
            with self._lock:
                self._journal.let_go(min(needed, self._journal.end))
        if self._stream in notice.again:
            self._uplink.send_again()
        if self._mirror.divide(notice.workers):
            self._tell(self._mirror.marks(clock.now()))

    def _tell(self, briefings: Iterable[Briefing]) -> None:
        told = list(briefings)
        for worker in self._reception.workers:
            worker.tell(told)

    def _look_after_workers(self) -> None:
        """Hand over what waits for a worker, and all to one that has missed something."""
        for worker in self._reception.workers:
            worker.send()
            if worker.lost:  # marks may be among them
                self._counters["briefings_lost"] += worker.lost
                worker.tell(self._mirror.whole(clock.now()))
            worker.lost = 0

    def _report(self) -> None:
        """Tell the leader our counters, and how our vantage points do."""
        counters, points = self._reception.drain()
        counters += self._counters
        self._counters.clear()
        if points:
            self._append(POINTS, encode(Points(points)))
        if counters:
            for message in encode_batch(Batch(clock.now(), counters=counters)):
                self._append(COUNTERS, message)

    def _show(self) -> None:
        """Say how we do, for whoever looks at this node."""
        apart_since = self._uplink.apart_since
        with self._lock:
            kept = self._journal.kept if apart_since is not None else 0
        view = RelayView(clock.now(), apart_since, kept, self._uplink.lost)
        write_relay(self._state, view)

    def _append(self, name: str, message: bytes) -> None:
        with self._lock:
            self._journal.append(name, message)
        self._uplink.call()

    def _obey(self) -> None:
        """Take new settings from the supervisor, or note that it is gone."""
        news = self._control.news()
        self._is_stopping |= self._control.is_over
        if news is not None:
            self._configure(news[1])

    def _configure(self, settings: Settings) -> None:
        self._reception.configure(settings)
        self._is_exempt = self._mirror.exchanges.is_exempt = Exempt(settings).domain

    def _stop(self) -> None:
        self._is_stopping = True

    def _finish(self) -> None:
        """Read what waits, and send it."""
        deadline = clock.elapsed() + LAST_READING
        is_more = True
        while is_more and clock.elapsed() < deadline:
            is_more = any([self._read(line) for line in self._reception.lines])  # noqa: C419 each has its turn
        self._report()
        self._downlink.stop()
        self._uplink.stop(LAST_SENDING)


class _Attendance:
    """Nobody waits for vantage points here: the leader does, who is told of them with the rest."""

    def join(self, name: str, now: float, lag: float, behind: float) -> None:
        """Somebody comes."""

    def leave(self, name: str) -> None:
        """Somebody is gone."""
