"""The watch process: reads what workers send, folds it into the watch, hands changes to the store.

It ends on SIGTERM, or when the supervisor is gone (its end of `control` closes), after it has read
and stored what waits.  If it is killed nothing is lost and nothing counted twice: what is not in
the store, which says up to where it has the journal, is in the journal, or waits in the sockets.
"""

import gc
import logging
import os
import selectors
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.control import Control
from dnswatch.errors import StoreError
from dnswatch.model.changes import Cursor
from dnswatch.model.exchanges import lessons_of
from dnswatch.model.machines import Machines
from dnswatch.seams.batch import STARTED, Briefing, Lessons, Marks, brief
from dnswatch.settings import Settings, Source, combine
from dnswatch.store import damage
from dnswatch.store.moved import Moved
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.housekeeper import Housekeeper
from dnswatch.watchdog.intake import BatchSource, Intake, ReceivedBatch
from dnswatch.watchdog.journal import Journal
from dnswatch.watchdog.lines import Line
from dnswatch.watchdog.pipeline import SitePipeline
from dnswatch.watchdog.poller import OrderPoller
from dnswatch.watchdog.reception import Lines
from dnswatch.watchdog.recorder import Recorder
from dnswatch.watchdog.tail import LookupRing

logger: Final = logging.getLogger("dnswatch.watchdog")

NICENESS: Final = 5
"""Answers come first: where the machine is busy, a worker is not to wait for the watch."""

_PIECE: Final = 16
"""Lookups folded at a time, some 50 µs of work, before a worker may go first."""

TICK: Final = 1.0
"""Seconds between two hand-overs to the recorder."""

TOGETHER: Final = 1000
"""Lookups that are folded together, or those of `TICK`: of a hundred at a time, a batch of a busy
worker, each takes the process 6 % more, as that worker has the processor's caches in between."""

PORTION: Final = 5000
"""Mail-related lookups that are handed over without waiting: judging them takes half a second, and
what comes meanwhile waits as bytes, in a tenth of the memory."""

LAST_READING: Final = 0.3
"""Seconds to read what waits when told to stop; workers may go on sending."""

LAST_WRITING: Final = 0.5
"""Seconds to store it: with the reading, less than the second within which the process ends."""

_COLLECT: Final = (20_000, 50, 100)
"""When Python looks for cycles: seldom, since what is folded and stored makes none, and to look
through what is known of a large site takes long."""

_SET_ASIDE: Final = (
    "the store was damaged (%s): it was moved to '%s', and a new one is begun,"
    " with the orders that could be read; delete the old one, or try `sqlite3 FILE .recover`"
)


def main(
    source: Source,
    state: Path,
    lines: Lines,
    journal: int,
    control: socket.socket,
    moved: Moved | None = None,
) -> None:
    """Watch until told to stop; runs in a process of its own.

    `control` is this end of the supervisor's line, a seqpacket socket that does not block;
    `journal` is the file of the journal.  `moved` says how the clock was set since the watch
    before.
    """
    os.nice(NICENESS)
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    kept = Journal(journal)
    try:
        watch(source, state, partial(Intake, lines, kept), control, moved)
    except BaseException:
        kept.let_go(kept.end)  # what made this one fail must not make each one after it fail
        raise


def watch(
    source: Source,
    state: Path,
    hearing: Callable[[Control], BatchSource],
    control: socket.socket,
    moved: Moved | None = None,
    reloaded: Callable[[Source], object] = lambda _: None,
) -> None:
    """Watch what is heard until told to stop; `hearing` makes whom we hear.

    `reloaded` is called with each new configuration.
    """
    _Process(source, state, hearing, control, reloaded).run(moved)


class _Process:
    """The parts of the watch process, and what passes between them."""

    def __init__(
        self,
        source: Source,
        state: Path,
        hearing: Callable[[Control], BatchSource],
        control: socket.socket,
        reloaded: Callable[[Source], object],
    ) -> None:
        settings = combine(source)
        self._reloaded = reloaded
        self._control = Control(control)
        self._intake = hearing(self._control)
        self._archive = Archive(state, settings)
        self._recorder = Recorder(self._archive, clock.now)
        self._housekeeper = Housekeeper(Archive(state, settings), settings, clock.now)
        self._poller = OrderPoller(Archive(state, settings), clock.now)
        self._keys = Archive(state, settings)
        self._site = SitePipeline(source, self._key, clock.now())
        self._tail = LookupRing(state, self._key)
        self._source = source
        self._machines: Machines | None = None
        self._state = state
        self._is_beyond_repair = False
        self._is_blind = False
        "What the store holds could not be read at the start, and must not be written over."
        self._begun_at: float | None = clock.now()
        "Until it is stored who is quarantined or there now, and who is not any more."
        self._is_stopping = False
        self._unfolded = 0
        "Lookups that were heard since the last time that any were folded."

    def run(self, moved: Moved | None) -> None:
        """Watch until told to stop."""
        with selectors.DefaultSelector() as selector, stop_signal() as stop:
            stored = self._restore(moved)
            self._configure(self._source, combine(self._source))
            self._poller.start(self._site.heard)
            self._brief_all()
            self._take_up(stored)
            self._recorder.start()
            self._housekeeper.start()
            selector.register(stop, selectors.EVENT_READ, self._stop)
            selector.register(self._control, selectors.EVENT_READ, self._obey)
            selector.register(self._poller, selectors.EVENT_READ, self._take_orders)
            self._intake.open(selector, self._hear)
            self._tail.open(selector)
            self._loop(selector)
        self._finish()

    def _loop(self, selector: selectors.BaseSelector) -> None:
        tick_at = clock.elapsed() + TICK
        self._control.beat()
        while not self._is_stopping:
            for key, _ in selector.select(max(0.0, tick_at - clock.elapsed())):
                key.data()
            if clock.elapsed() >= tick_at:
                tick_at = clock.elapsed() + TICK
                self._control.beat()
                self._fold()
                self._hand_over()
                self._heed_damage()
                self._see_again()

    def _restore(self, moved: Moved | None) -> tuple[Cursor, ...] | None:
        """Begin with what was known before, and with a new store where that one is damaged.

        Return how much of the journals is among it; None where that is not known, or where the
        journal's times are those of another clock.
        """
        try:
            if (reason := damage.told(self._state)) is not None:
                self._mend(reason)
            try:
                stored = self._remember(moved)
            except StoreError as error:
                if not error.is_damaged:
                    raise
                if combine(self._source).fleet.engine:  # others have the records: begin as one's
                    self._leave_word(error)
                    return None
                self._mend(damage.reason(error))
                stored = self._remember(moved)
        except StoreError as error:
            # What may pass the recorder says, at its first attempt to write.
            self._is_beyond_repair, self._is_blind = error.is_damaged, not error.is_damaged
            if error.is_damaged:
                logger.error("nothing is recorded: %s", error)
            return None
        return stored if moved is None else None

    def _remember(self, moved: Moved | None) -> tuple[Cursor, ...]:
        if moved is not None:
            self._archive.move(moved, clock.now())
        self._site.restore(self._archive, clock.now())
        return self._archive.cursors()

    def _mend(self, reason: str) -> None:
        """Move a damaged store aside."""
        self._archive.close()  # before its file moves: SQLite deletes logs by their names
        aside = damage.set_aside(self._state, clock.now())
        logger.error(_SET_ASIDE, reason, aside)

    def _heed_damage(self) -> None:
        """End where a thread has met damage: the next watch begins with a new store."""
        parts = (self._recorder, self._housekeeper, self._poller)
        found = next((part.damage for part in parts if part.damage is not None), None)
        if found is not None and not self._is_beyond_repair:
            self._leave_word(found)

    def _leave_word(self, found: StoreError) -> None:
        """End, and have the next watch see to the damage."""
        self._is_stopping = True
        try:
            damage.tell(self._state, found)
        except OSError:
            self._is_beyond_repair, self._is_stopping = True, False
            logger.error("nothing is recorded: %s", found)

    def _see_again(self) -> None:
        """End once the store can be used again: the next watch begins with what it holds."""
        if self._is_blind and self._recorder.stored:
            logger.info("the records can be used again: the watch begins anew with what they hold")
            self._is_stopping = True

    def _take_up(self, stored: tuple[Cursor, ...] | None) -> None:
        """Take in what a watch that was killed had read and not stored."""
        heard, lost = self._intake.take_up(stored, clock.now())
        if lost:
            self._site.watch.count({"reports_lost": lost}, clock.now())
        self._take(heard)
        self._teach(heard)

    def _brief_all(self) -> None:
        """Tell the workers all that there is to know."""
        self._order()
        self._site.policing.news(clock.now())
        self._site.policing.changes()  # marks that were there before the restart are no change
        self._intake.tell(self._all())

    def _hear(self, heard: list[ReceivedBatch], line: Line | None) -> None:
        """Take in what somebody said."""
        make_way()
        self._take(heard)
        self._teach(heard, line)
        if line is not None and any(STARTED in each.batch.counters for each in heard):
            self._intake.tell(self._all(), to=line)
        self._unfolded += sum(len(each.batch.observations) for each in heard)
        if self._unfolded >= TOGETHER or self._tail.is_wanted:
            self._fold()
        if self._site.watch.mail_lookups >= PORTION:
            self._hand_over()

    def _teach(self, heard: list[ReceivedBatch], source: Line | None = None) -> None:
        """Tell the other workers which names were learned."""
        seen = chain.from_iterable(each.batch.observations for each in heard)
        lessons = lessons_of(seen, self._site.exempt.domain)
        self._intake.tell(brief(lessons), but=source)

    def _take(self, heard: list[ReceivedBatch]) -> None:
        for name, batch, outdated in heard:
            for tally in batch.tallies:
                self._site.watch.tally(tally, batch.until)
                self._tail.count(tally, batch.until)
            for seen in outdated:
                self._site.watch.count_late(seen)
            if (worker := self._intake.worker(name)) is not None:
                for health in batch.health:
                    self._site.watch.hear(worker[1], health, worker[0])
            self._site.watch.count(batch.counters, batch.until)

    def _fold(self) -> None:
        self._unfolded = 0
        lookups = [seen for _, seen in self._intake.release(clock.now())]
        for begin in range(0, len(lookups), _PIECE):
            make_way()
            self._site.watch.fold_all(lookups[begin : begin + _PIECE])
        if self._tail.is_wanted:
            for seen in lookups:
                self._tail.note(seen)
        self._site.watch.expire(self._intake.passed)

    def _hand_over(self) -> None:
        """Give the recorder what happened since the last time."""
        self._intake.settle(self._all)
        counters, points = self._intake.drain()
        self._site.watch.count(counters, clock.now())
        self._site.find(self._poller.findings(), clock.now())
        self._identify()
        make_way()
        changes, marks = self._site.drain(clock.now(), is_last=self._is_stopping)
        make_way()
        changes.begun_at, self._begun_at = self._begun_at, None
        if self._is_blind:
            changes.leave_judgments()
        changes.notes += self._control.faults
        self._control.faults = []
        changes.vantages = points
        changes.cursors = self._intake.cursors()
        self._intake.let_go(self._recorder.stored)
        self._housekeeper.meet({client for client, _ in changes.accounts})
        if self._site.waits:
            self._housekeeper.hurry()
        self._mark(marks)
        self._recorder.put(changes)

    def _identify(self) -> None:
        """Take what is known since the last time of whose the clients' addresses are."""
        machines = self._housekeeper.machines
        if machines is not None and machines is not self._machines:
            self._machines = machines
            self._site.identify(machines, clock.now())

    def _take_orders(self) -> None:
        self._order()
        self._mark(self._site.policing.news(clock.now()))

    def _order(self) -> None:
        self._site.order(self._poller.orders(), clock.now())

    def _mark(self, marks: Marks | None) -> None:
        """Tell the workers which clients are marked otherwise, or suspect, from now on."""
        doubts = self._site.policing.doubts()
        if marks is not None or doubts is not None:
            self._intake.tell(brief(Lessons(), marks, doubts))

    def _all(self) -> Iterator[Briefing]:
        """Tell all that a worker must know that knows nothing."""
        policing = self._site.policing
        return brief(self._site.watch.lessons(), policing.whole(), policing.all_doubts())

    def _key(self, client: bytes) -> str:
        """Return a client's key; none, while the key of pseudonyms is out of reach."""
        try:
            return self._keys.key(client)
        except StoreError:
            return ""

    def _obey(self) -> None:
        """Take new settings from the supervisor, or note that it is gone."""
        news = self._control.news()
        self._is_stopping |= self._control.is_over
        if news is None:
            return
        source, settings = news
        self._archive.reload(settings)
        self._housekeeper.reload(settings)
        self._poller.reload(settings)
        self._keys.reload(settings)
        self._configure(source, settings)
        self._mark(self._site.policing.news(clock.now()))

    def _configure(self, source: Source, settings: Settings) -> None:
        self._reloaded(source)
        self._site.configure(source, settings)
        self._intake.configure(settings)
        self._tail.configure(is_wanted=settings.records.tail)

    def _stop(self) -> None:
        self._is_stopping = True

    def _finish(self) -> None:
        """Read and store what waits."""
        self._intake.read_rest(clock.elapsed() + LAST_READING)
        self._site.watch.fold_all(seen for _, seen in self._intake.flush())
        self._hand_over()
        self._housekeeper.stop()
        self._poller.stop()
        self._recorder.close(LAST_WRITING)


def make_way() -> None:
    """Let a worker go first that waits for this core, while we are in the idle class.

    The kernel gives that class too a turn when a worker's slice is over, and then nobody until we
    sleep or give way: 33 ms of each second at half load.  An ordinary process needs its share.
    """
    if os.sched_getscheduler(0) == os.SCHED_IDLE:
        os.sched_yield()


@contextmanager
def stop_signal() -> Iterator[socket.socket]:
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
