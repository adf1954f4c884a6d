"""The reader: the leader's thread that reads the streams of all nodes, each from its own place.

Within a stream messages follow one another.  Where one is missing that its node still has, the
thread takes nothing more of that stream, until the node has sent it again.
"""

import threading
from collections.abc import Callable
from typing import Final, NamedTuple

from dnswatch import clock
from dnswatch.errors import EngineError
from dnswatch.fleet.engine import Entry, FleetEngine
from dnswatch.fleet.forms import SEEN, STREAMS, Continuity, Piece, StreamName, after, piece_of
from dnswatch.fleet.mailbox import ThreadMailbox
from dnswatch.fleet.nodes import EVERY, Nodes, NodeState

AT_ONCE: Final = 2000
"""Entries of one reading, of all streams together."""

FEWEST: Final = 20
"""Of one stream, however many there are."""

WAIT: Final = 0.2
"""Seconds that one reading waits for something."""

RETRY: Final = 0.2

WAITING: Final = 4
"""Readings that wait for the main thread, at most: each may be some megabytes."""


class Arrival(NamedTuple):
    """A message of a node."""

    stream: StreamName
    piece: Piece
    lost: int
    "Messages before it that are lost."


class StreamReading(NamedTuple):
    """What one reading brought."""

    at: float
    "When it was done, Unix seconds: until then we have heard all that there was."
    arrivals: list[Arrival]
    nodes: list[NodeState] | None = None
    "Who is there, where that was asked."


class StreamReader:
    """The thread; what it reads stands in `news`, with who is there, once a second."""

    def __init__(self, connect: Callable[[], FleetEngine]) -> None:
        """Read the streams of that engine."""
        self._connect = connect
        self._streams: dict[str, Continuity] = {}
        self._names: dict[str, StreamName] = {}
        self._look_at = 0.0
        self._stop = threading.Event()
        self._forgotten: set[str] = set()
        self.gaps: dict[str, float] = {}
        "Streams in which something is missing, and since when, by `clock.elapsed`."
        self.news: ThreadMailbox[StreamReading] = ThreadMailbox(WAITING)
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)

    def follow(self, name: StreamName, place: int, count: int) -> None:
        """Read a stream from a place on, which comes after `count` messages; before the start."""
        self._streams[name.text] = Continuity(place, count)
        self._names[name.text] = name

    def forget(self, name: StreamName) -> None:
        """Read a stream no more, which is to be deleted."""
        self._forgotten.add(name.text)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; whatever was not taken in is read again by the next leader."""
        self._stop.set()
        self.news.close()

    def _run(self) -> None:
        engine = self._connect()
        while not self._stop.is_set():
            try:
                self._look(engine)
                self._read(engine)
            except EngineError:
                self._stop.wait(RETRY)  # whoever renews the lease says so

    def _look(self, engine: FleetEngine) -> None:
        """See who is there, once a second."""
        if clock.elapsed() < self._look_at:
            return
        for text in sorted(engine.members(engine.key(STREAMS))):
            if text not in self._streams and text not in self._forgotten:
                try:
                    self.follow(StreamName.read(text), 0, 0)
                except ValueError:
                    continue
        self.news.put(StreamReading(clock.now(), [], Nodes(engine).living()), self._stop)
        self._look_at = clock.elapsed() + EVERY

    def _read(self, engine: FleetEngine) -> None:
        for text in self._forgotten & self._streams.keys():
            del self._streams[text]
            self.gaps.pop(text, None)
        if not self._streams:
            self._stop.wait(WAIT)
            return
        keys = {engine.key(SEEN, text): text for text in self._streams}
        places = {key: after(self._streams[text].place) for key, text in keys.items()}
        count = max(FEWEST, AT_ONCE // len(keys))
        # Where something is missing the rest is there: without a pause we would read it for ever.
        wait = 0.0 if self.gaps else WAIT
        if self.gaps:
            self._stop.wait(WAIT)
        found = engine.read(places, count, wait)
        arrivals = [
            arrival for key, some in found.items() for arrival in self._follow(keys[key], some)
        ]
        self.news.put(StreamReading(clock.now(), arrivals), self._stop)

    def _follow(self, text: str, entries: list[Entry]) -> list[Arrival]:
        """Take entries as far as none is missing."""
        stream, continuity = self._names[text], self._streams[text]
        arrivals = []
        for entry in entries:
            try:
                piece = piece_of(entry)
            except (ValueError, StopIteration):
                continue
            if not continuity.follows(piece):
                self.gaps.setdefault(text, clock.elapsed())
                break
            self.gaps.pop(text, None)
            arrivals.append(Arrival(stream, piece, continuity.take(piece)))
        return arrivals
