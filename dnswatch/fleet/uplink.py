"""The uplink: the relay's thread that adds its node's journal to the node's stream in the engine.

The journal is the truth: at each beginning the thread asks up to where the stream has it, and goes
on from there; so nothing is missing that an engine lost, or a relay that was killed had not sent.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

from dnswatch import clock
from dnswatch.errors import EngineError
from dnswatch.fleet.engine import FleetEngine, numbers_of
from dnswatch.fleet.forms import SEEN, STREAMS, StreamName, after, entry_of
from dnswatch.fleet.nodes import EVERY, SKEWED, Nodes, RelayPulse
from dnswatch.watchdog.journal import Journal, Record

AT_ONCE: Final = 200
"""Messages that are added in one round trip."""

BYTES: Final = 1 << 20
"""Bytes of them, at least one message."""

RETRY: Final = 0.5
"""Seconds between two attempts to reach the engine."""

QUIET: Final = 0.2
"""Seconds after which the thread looks at its journal, unless it is called."""

logger: Final = logging.getLogger("dnswatch.fleet")


class Uplink:
    """The thread; `lock` is held by whoever touches the journal."""

    def __init__(
        self,
        connect: Callable[[], FleetEngine],
        node: str,
        workers: int,
        journal: Journal,
        lock: threading.Lock,
    ) -> None:
        """Send the journal of `node`, which has as many workers."""
        self._connect = connect
        self._node, self._workers = node, workers
        self._journal, self._lock = journal, lock
        self._name = StreamName(node, journal.name)
        self._called, self._stop = threading.Event(), threading.Event()
        self._again = False
        self._sent = self._count = 0
        "Up to where the stream has the journal: the place, and messages."
        self._connections = 0
        self._pulse_at = 0.0
        self._is_skewed = self._has_said = self._has_namesake = False
        self.apart_since: float | None = clock.now()
        "Since when the engine is away, Unix seconds; None while it serves us."
        self.lost = 0
        "Messages that made room for others before the engine had them."
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def call(self) -> None:
        """Say that the journal has something new."""
        self._called.set()

    def send_again(self) -> None:
        """Send all that the journal has, since something is missing in the stream."""
        self._again = True
        self._called.set()

    def stop(self, patience: float) -> None:
        """Send what there is, for at most that many seconds, and end."""
        self._stop.set()
        self._called.set()
        self._thread.join(patience)

    def _run(self) -> None:
        while True:
            engine = self._connect()
            try:
                self._begin(engine)
                while not self._stop.is_set():
                    self._called.wait(QUIET)
                    self._called.clear()
                    self._send(engine)
                self._send(engine)
                Nodes(engine).take_leave(self._node)
                return
            except EngineError as error:
                if self.apart_since is None:
                    self.apart_since = clock.now()
                    logger.warning("%s; what this node sees waits in memory", error)
            finally:
                engine.close()
            if self._stop.wait(RETRY):
                return

    def _begin(self, engine: FleetEngine) -> None:
        self._say(engine)
        Nodes(engine).enter(self._node)
        engine.join(engine.key(STREAMS), self._name.text)
        self._sent, number = numbers_of(engine.last_id(self._stream(engine)))
        self._count = max(self._count, number + 1 if self._sent else 0)
        self._connections = engine.connections
        if self.apart_since is not None:
            logger.info("joined the fleet's engine at %s", engine.shown)
        self.apart_since = None

    def _send(self, engine: FleetEngine) -> None:
        """Send what the journal has more than the stream."""
        self._say(engine)
        if self._again or engine.connections != self._connections:
            self._connections, self._again = engine.connections, False
            engine.delete(self._stream(engine))
            self._sent = 0
        while records := self._next():
            entries = [entry_of(record, is_first=is_first) for record, is_first in records]
            engine.add_all(self._stream(engine), entries)
            if self._count:
                self.lost += max(0, records[0][0].number - self._count)
            last = records[-1][0]
            self._sent, self._count = last.end, max(self._count, last.number + 1)
            self._say(engine)
            if engine.connections != self._connections:  # it may have come back with less
                self._connections, self._again = engine.connections, True
                self._called.set()
                return

    def _next(self) -> list[tuple[Record, bool]]:
        """Take some messages from the journal, each with whether it has nothing older."""
        records: list[tuple[Record, bool]] = []
        size = 0
        with self._lock:
            first = self._journal.first
            for record in self._journal.records(self._sent):
                records.append((record, record.place == first))
                size += len(record.message)
                if len(records) == AT_ONCE or size >= BYTES:
                    break
        return records

    def _say(self, engine: FleetEngine) -> None:
        """Say that we are here, if that is due, and compare the clocks."""
        if clock.elapsed() < self._pulse_at:
            return
        self._pulse_at = clock.elapsed() + EVERY
        asked_at = clock.now()
        theirs = engine.now()
        skew = skew_of(asked_at, theirs, clock.now())
        pulse = RelayPulse(self._journal.name, self._workers, skew)
        last = Nodes(engine).say(self._node, pulse)
        self._heed_namesake(last)
        # What the journal has no more nobody could send again: the engine's memory is bounded too.
        engine.trim(self._stream(engine), after(self._journal.first))
        if (abs(skew) > SKEWED) != self._is_skewed:
            self._is_skewed = not self._is_skewed
            if self._is_skewed:
                logger.warning(
                    "this machine's clock and that of the fleet's engine are %.1f s apart:"
                    " let NTP set both",
                    abs(skew),
                )

    def _heed_namesake(self, last: RelayPulse | None) -> None:
        """Say it once where another server has the name of ours: it says so after us."""
        is_other = last is not None and last.boot != self._journal.name
        if is_other and self._has_said and not self._has_namesake:
            self._has_namesake = True
            logger.error(
                "another server of the fleet is called node '%s' too: give each a name of its own"
                " ('fleet.node'), and start it again",
                self._node,
            )
        self._has_said = True

    def _stream(self, engine: FleetEngine) -> str:
        return engine.key(SEEN, self._name.text)


def skew_of(asked_at: float, theirs: float, heard_at: float) -> float:
    """Return by how much our clock is ahead of theirs at least, however long the way took."""
    doubt = (heard_at - asked_at) / 2
    skew = asked_at + doubt - theirs
    return max(0.0, skew - doubt) if skew > 0 else min(0.0, skew + doubt)
