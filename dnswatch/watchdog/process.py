"""The watch process: reads what workers send, folds it into the watch, hands changes to the store.

It ends on SIGTERM, or when the supervisor is gone (its end of `control` closes), after it has read
and stored what waits.  If it is killed, the last second is lost at most: the rest is in the store,
or waits in the sockets for the next watch process.
"""

import logging
import os
import selectors
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.errors import SettingsError, StoreError
from dnswatch.model.exchanges import Exchanges, lessons_of
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.mark import Marks
from dnswatch.seams.batch import STARTED, Batch, Lessons, brief
from dnswatch.seams.merge import Merge
from dnswatch.settings import Source, combine, decode
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.desk import Desk
from dnswatch.watchdog.housekeeper import Housekeeper
from dnswatch.watchdog.judging import Judging
from dnswatch.watchdog.lines import LONGEST, Line
from dnswatch.watchdog.recorder import Recorder
from dnswatch.watchdog.vigil import Vigil

logger: Final = logging.getLogger("dnswatch.watchdog")

NICENESS: Final = 5
"""Answers come first: where the machine is busy, a worker is not to wait for the watch."""

TICK: Final = 1.0
"""Seconds between two hand-overs to the recorder."""

FAIR: Final = 8
"""Batches read from one line before the next has its turn."""

LAST_READING: Final = 0.3
"""Seconds to read what waits when told to stop; workers may go on sending."""

LAST_WRITING: Final = 0.5
"""Seconds to store it: with the reading, less than the second within which the process ends."""


def main(source: Source, state: Path, workers: list[socket.socket], control: socket.socket) -> None:
    """Watch until told to stop; runs in a process of its own.

    `workers` are this end of each worker's line, `control` is that of the supervisor's: seqpacket
    sockets that do not block.
    """
    os.nice(NICENESS)
    _Process(source, state, workers, control).run()


class _Process:
    """The parts of the watch process, and what passes between them."""

    def __init__(
        self, source: Source, state: Path, workers: list[socket.socket], control: socket.socket
    ) -> None:
        settings = combine(source)
        self._control = control
        self._lines = [Line(worker, line) for worker, line in enumerate(workers)]
        self._archive = Archive(state, settings)
        self._recorder = Recorder(self._archive, clock.now)
        self._housekeeper = Housekeeper(Archive(state, settings), settings, clock.now)
        self._desk = Desk(Archive(state, settings), clock.now)
        self._keys = Archive(state, settings)
        self._judging = Judging(settings, self._key, clock.now())
        self._vigil = Vigil(settings, self._key, self._judging)
        self._watch = self._vigil.watch
        self._policing = self._vigil.policing
        self._source = source
        self._exempt = Exempt(settings)
        self._is_stopping = False

    def run(self) -> None:
        """Watch until told to stop."""
        with selectors.DefaultSelector() as selector, _stop_signal() as stop:
            self._restore()
            self._police(self._source)
            self._desk.start()
            self._brief_all()
            self._merge = Merge(len(self._lines), clock.now())  # restoring may have taken seconds
            self._recorder.start()
            self._housekeeper.start()
            selector.register(stop, selectors.EVENT_READ, self._stop)
            selector.register(self._control, selectors.EVENT_READ, self._obey)
            selector.register(self._desk, selectors.EVENT_READ, self._take_orders)
            for line in self._lines:
                selector.register(line, selectors.EVENT_READ, lambda line=line: self._read(line))
            self._loop(selector)
        self._finish()

    def _loop(self, selector: selectors.BaseSelector) -> None:
        tick_at = clock.now() + TICK
        while not self._is_stopping:
            for key, _ in selector.select(max(0.0, tick_at - clock.now())):
                key.data()
            if clock.now() >= tick_at:
                tick_at = clock.now() + TICK
                self._fold()
                self._hand_over()

    def _restore(self) -> None:
        """Begin with what was known before."""
        try:
            known = self._archive.restore(clock.now())
            orders = self._archive.orders(clock.now())
            self._judging.restore(self._archive.evidence(), orders.roles, self._policing.judge)
        except StoreError:
            return  # the recorder says so, at its first attempt to write
        exchanges = Exchanges()
        exchanges.is_exempt = self._exempt.domain
        for domain in known.domains:
            exchanges.asked_mx(None, domain.domain, domain.at)
            exchanges.learn_mx(domain.domain, domain.exchanges, domain.ttl, domain.at)
        exchanges.forget(clock.now())
        self._watch.restore(known.entries, exchanges)

    def _brief_all(self) -> None:
        """Tell the workers all that there is to know."""
        self._order()
        self._policing.news(clock.now())
        self._policing.changes()  # marks that were there before the restart are no change
        for line in self._lines:
            line.tell(brief(self._watch.lessons(), self._policing.whole()))

    def _read(self, line: Line) -> bool:
        """Take in some of what waits on a line; return whether there was anything."""
        batches = list(line.receive(FAIR))
        for batch in batches:
            self._take(batch)
        seen = chain.from_iterable(batch.observations for batch in batches)
        lessons = lessons_of(seen, self._exempt.domain)
        for other in self._lines:
            if other is not line:
                other.tell(brief(lessons))
        if any(STARTED in batch.counters for batch in batches):
            line.tell(brief(self._watch.lessons(), self._policing.whole()))
        line.send()
        self._fold()
        return bool(batches)

    def _take(self, batch: Batch) -> None:
        self._merge.add(batch, clock.now())
        for tally in batch.tallies:
            self._watch.tally(tally, batch.until)
        for health in batch.health:
            self._watch.hear(batch.worker, health)
        self._watch.count(batch.counters, batch.until)

    def _fold(self) -> None:
        for seen in self._merge.release(clock.now()):
            self._watch.fold(seen)
        self._watch.expire(self._merge.passed)

    def _hand_over(self) -> None:
        """Give the recorder what happened since the last time."""
        counters = {"observations_late": self._merge.late}
        self._merge.late = 0
        for line in self._lines:
            line.send()
            counters["batches_broken"] = counters.get("batches_broken", 0) + line.broken
            counters["briefings_lost"] = counters.get("briefings_lost", 0) + line.lost
            if line.lost:  # marks may be among them
                line.tell(brief(self._watch.lessons(), self._policing.whole()))
            line.broken = line.lost = 0
        self._watch.count({name: n for name, n in counters.items() if n}, clock.now())
        changes, news = self._vigil.turn(clock.now())
        self._tell(news)
        if self._is_stopping:
            self._judging.save(changes, clock.now())
        self._housekeeper.meet({client for client, _ in changes.accounts})
        self._recorder.put(changes)

    def _take_orders(self) -> None:
        self._order()
        self._tell(self._policing.news(clock.now()))

    def _order(self) -> None:
        orders = self._desk.orders()
        self._policing.order(orders)
        self._judging.order(orders, clock.now())

    def _tell(self, news: Marks | None) -> None:
        """Tell the workers which clients are marked otherwise from now on."""
        if news is not None:
            for line in self._lines:
                line.tell(brief(Lessons(), news))

    def _police(self, source: Source) -> None:
        """Take other policies, and what they may not touch."""
        settings = combine(source)
        self._exempt = Exempt(settings)
        self._watch.spare(self._exempt.domain)
        self._policing.configure(source.policies, settings)

    def _key(self, client: bytes) -> str:
        """Return a client's key; none, while the key of pseudonyms is out of reach."""
        try:
            return self._keys.key(client)
        except StoreError:
            return ""

    def _obey(self) -> None:
        """Take new settings from the supervisor, or note that it is gone."""
        try:
            message = self._control.recv(LONGEST)
        except BlockingIOError:
            return
        except ConnectionError:
            message = b""
        if not message:
            self._is_stopping = True
            return
        try:
            source = decode(message)
            settings = combine(source)
        except (SettingsError, ValueError) as error:
            logger.error("new settings are refused, the old ones stay in force: %s", error)
            return
        self._watch.resize(settings.limits.addresses)
        self._archive.reload(settings)
        self._housekeeper.reload(settings)
        self._desk.reload(settings)
        self._keys.reload(settings)
        self._judging.configure(settings)
        self._police(source)
        self._tell(self._policing.news(clock.now()))

    def _stop(self) -> None:
        self._is_stopping = True

    def _finish(self) -> None:
        """Read and store what waits."""
        deadline = clock.now() + LAST_READING
        is_more = True
        while is_more and clock.now() < deadline:
            is_more = any([self._read(line) for line in self._lines])  # noqa: C419 each has its turn
        for seen in self._merge.flush():
            self._watch.fold(seen)
        self._hand_over()
        self._housekeeper.stop()
        self._desk.stop()
        self._recorder.close(LAST_WRITING)


@contextmanager
def _stop_signal() -> Iterator[socket.socket]:
    """Yield a socket that becomes readable on SIGTERM; what else a terminal sends is ignored."""
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        yield reader
        signal.set_wakeup_fd(-1)
