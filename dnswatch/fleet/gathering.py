"""The gathering: what all nodes of a fleet say to the leader's watch, and the one order of it.

It is to that watch what the intake of its lines is to the watch of a single server.  Each stream
has a cursor, stored with the changes that came of it; so whoever leads next goes on where the
stored changes end, however this process ends.
"""

import selectors
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import partial
from math import inf
from typing import Final

from msgspec.structs import replace

from dnswatch import clock
from dnswatch.errors import StoreError
from dnswatch.fleet.bulletin import Bulletin
from dnswatch.fleet.engine import FleetEngine
from dnswatch.fleet.forms import COUNTERS, POINTS, Piece, Points, RelayNotice, StreamName
from dnswatch.fleet.forms import decode as decode_form
from dnswatch.fleet.nodes import NodeState
from dnswatch.fleet.reader import Arrival, StreamReader
from dnswatch.model.changes import Cursor
from dnswatch.model.vantage import VantagePoint
from dnswatch.resolver.access import Networks, leave_out
from dnswatch.seams.batch import Batch, Briefing, decode
from dnswatch.seams.ingest import AHEAD, read
from dnswatch.seams.merge import OUTDATED, Merge, Told, rest
from dnswatch.settings import Fleet, Settings
from dnswatch.watchdog.intake import ReceivedBatch, Take
from dnswatch.watchdog.lines import Line

LAG: Final = 3.0
"""Seconds of silence after which another node's worker is not waited for."""

HOLD: Final = 3.0
"""Seconds for which a new leader passes nothing on: who was cut off too comes a moment later."""

SKEWED: Final = 1.0
"""Seconds that a node's clock may be off from ours; beyond, nobody waits by its time."""

AGAIN: Final = 5.0
"""Seconds between two times that a node is asked for what is missing."""

WHOLE: Final = 30.0
"""Seconds between two times that all is told which relays must know that begin."""

UNCHANGED: Final = 600.0
"""The same where nothing was told meanwhile but what concerns the relays alone."""

OVER: Final = 60.0
"""Seconds of silence after which an earlier life of a node, that has begun another, is over."""

_WORKER: Final = "worker "


class _Stream:
    """One life of a node."""

    def __init__(self, name: StreamName, stored: Cursor) -> None:
        self.name = name
        self.stored = stored
        "What was stored of it before we led."
        self.taken, self.count = stored.needed, stored.count
        "Up to where it was taken in."
        self.heard_at = clock.elapsed()
        self.points: dict[str, VantagePoint] = {}

    def sender(self, name: str) -> str:
        """Return how somebody at this node is called in the merge."""
        return f"{self.name.text} {name}"

    def cursor(self, waiting: dict[str, tuple[int, int]]) -> Cursor:
        """Tell how much has come out, where that waits in the merge."""
        name, stored = self.name, self.stored
        if self.taken >= stored.taken:
            return Cursor(name.boot, self.taken, waiting, name.node, self.count)
        # What waited when it was stored is being read again: who has not come out yet, waits still.
        again = {
            sender: waiting.get(sender, (self.taken, 0)) if first < self.taken else (first, left)
            for sender, (first, left) in stored.waiting.items()
        }
        return Cursor(name.boot, stored.taken, again, name.node, stored.count)


class Gathering:
    """What comes by the streams of all nodes: a `BatchSource`."""

    def __init__(self, fleet: Fleet, fence: int, applied: Callable[[], Sequence[Cursor]]) -> None:
        """Hear all as the leader with that fence.

        `applied` returns the cursors that every node's store has by now: before them nothing is
        needed by whoever leads next.
        """
        connect = partial(FleetEngine, fleet)
        self._fleet = fleet
        self._reader = StreamReader(connect)
        self._bulletin = Bulletin(connect, fence)
        self._applied = applied
        self._merge = Merge()
        self._streams: dict[StreamName, _Stream] = {}
        self._workers: dict[str, tuple[str, int]] = {}
        "The workers that the merge knows, by their names there: node and number."
        self._nodes: dict[str, NodeState] = {}
        self._counters: Counter[str] = Counter()
        self._points: dict[str, VantagePoint] = {}
        "Vantage points that said anything since the last time, by node and name."
        self._senders: dict[str, tuple[_Stream, str]] = {}
        "Vantage points that the merge knows, by their names there."
        self._left_out = Networks(())
        self._again_at = self._whole_at = 0.0
        self._told = 0
        "Briefings that were told since the whole was."
        self._begun_at, self._read_at = clock.now(), 0.0
        self._skewed: set[str] = set()
        self.stored: Sequence[Cursor] = ()
        "What is in our store."

    @property
    def passed(self) -> float:
        """The moment up to which everything has come out, Unix seconds."""
        return self._merge.passed

    @property
    def nodes(self) -> list[NodeState]:
        """Who is there."""
        return list(self._nodes.values())

    @property
    def is_deposed(self) -> bool:
        """Whether somebody leads with a greater fence."""
        return self._bulletin.is_deposed

    def worker(self, name: str) -> tuple[str, int] | None:
        """Return a worker's node and number; None for another vantage point."""
        return self._workers.get(name)

    def configure(self, settings: Settings) -> None:
        """Take settings, the first ones or others."""
        self._left_out = Networks(settings.privacy.leave_out)

    def take_up(
        self, stored: Sequence[Cursor] | None, now: float
    ) -> tuple[list[ReceivedBatch], int]:
        """Begin where the stored changes end; what is not in them comes again by the streams."""
        if stored is None:
            raise StoreError("a store that cannot be read does not say where its records end")
        for cursor in stored:
            if cursor.node:
                name = StreamName(cursor.node, cursor.journal)
                self._streams[name] = _Stream(name, cursor)
                self._reader.follow(name, cursor.needed, cursor.count)
                for sender in cursor.waiting:
                    self._expect(self._streams[name], sender, now)
        return [], 0

    def open(self, selector: selectors.BaseSelector, take: Take) -> None:
        """Begin; `take` is called with what is heard."""
        self._take = take
        self._reader.start()
        self._bulletin.start()
        selector.register(self._reader.news, selectors.EVENT_READ, self._hear)

    def read_rest(self, deadline: float) -> None:
        """Leave what waits to whoever leads next."""
        self._reader.stop()

    def tell(
        self, briefings: Iterable[Briefing], *, to: Line | None = None, but: Line | None = None
    ) -> None:
        """Tell all workers of the site."""
        told = list(briefings)
        self._told += len(told)
        self._bulletin.tell(told)

    def release(self, now: float) -> list[Told]:
        """Return what nothing earlier can precede any more, in order of time."""
        # Time goes by what was read: where we had no processor, nobody else was silent.
        if self._read_at < self._begun_at + HOLD:
            return []
        return self._merge.release(self._read_at)

    def flush(self) -> list[Told]:
        """Leave what waits to whoever leads next, so that it comes out in order."""
        return []

    def cursors(self) -> tuple[Cursor, ...]:
        """Tell how much of the streams has come out."""
        waiting: dict[StreamName, dict[str, tuple[int, int]]] = {}
        for sender, left in self._merge.waiting().items():
            text, _, name = sender.partition(" ")
            waiting.setdefault(StreamName.read(text), {})[name] = left
        return tuple(stream.cursor(waiting.get(name, {})) for name, stream in self._streams.items())

    def let_go(self, stored: Sequence[Cursor]) -> None:
        """Note what is in our store; relays let go of what is in those of all nodes (`settle`)."""
        self.stored = stored or self.stored

    def settle(self, whole: Callable[[], Iterable[Briefing]]) -> None:
        """Tell the relays what they may let go of, and all, to whoever begins."""
        applied = self._applied()
        notice = RelayNotice(
            {StreamName(one.node, one.journal).text: one.needed for one in applied if one.node},
            self._missing(),
            max(1, sum(node.workers for node in self._nodes.values())),
        )
        self._bulletin.notify(notice)
        age = clock.elapsed() - self._whole_at
        if age >= (WHOLE if self._told else UNCHANGED) or self._bulletin.wants_whole:
            self._whole_at, self._told = clock.elapsed(), 0
            self._bulletin.tell_whole(whole(), notice)
        self._prune(applied)

    def drain(self) -> tuple[Counter[str], dict[str, VantagePoint]]:
        """Return counts since the last time, and how those vantage points do that said anything."""
        counters, self._counters = self._counters, Counter()
        counters["observations_late"] = self._merge.late.total()
        for name, late in self._merge.late.items():
            if name in self._senders:
                stream, sender = self._senders[name]
                stream.points[sender].late += late
        self._merge.late.clear()
        points, self._points = self._points, {}
        return +counters, points

    def stop(self, patience: float) -> None:
        """Tell what waits, and end."""
        self._reader.stop()
        self._bulletin.stop(patience)

    def _hear(self) -> None:
        """Take in what the reader has read."""
        heard: list[ReceivedBatch] = []
        for at, arrivals, nodes in self._reader.news.take():
            self._read_at = max(self._read_at, at)
            if nodes is not None:
                self._meet(nodes, at)
            for arrival in arrivals:
                self._arrived(arrival, heard, at)
        self._take(heard, None)

    def _arrived(self, arrival: Arrival, heard: list[ReceivedBatch], now: float) -> None:
        name, piece, lost = arrival
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = _Stream(name, Cursor(name.boot, node=name.node))
        stream.heard_at = clock.elapsed()
        self._counters["reports_lost"] += lost
        try:
            if (received := self._read(stream, piece, now)) is not None:
                heard.append(received)
        except ValueError:
            self._counters["batches_broken"] += 1
        stream.taken, stream.count = piece.end, max(stream.count, piece.number + 1)

    def _read(self, stream: _Stream, piece: Piece, now: float) -> ReceivedBatch | None:
        """Take in a message; raises `ValueError` where it is none."""
        is_stored = piece.place < stream.stored.taken
        if piece.name == POINTS:
            self._note_points(stream, decode_form(piece.message, Points), now)
            return None
        sender = stream.sender(piece.name)
        if piece.name == COUNTERS:
            return None if is_stored else ReceivedBatch(sender, decode(piece.message), [])
        batch = self._decode(piece, now)
        if is_stored:
            batch = rest(piece.name, batch, piece.place, stream.stored)
        self._expect(stream, piece.name, now)
        return ReceivedBatch(sender, batch, self._merge.add(sender, batch, now, piece.place))

    def _decode(self, piece: Piece, now: float) -> Batch:
        if piece.name.startswith(_WORKER):
            batch = decode(piece.message)
            if batch.until > now + AHEAD:  # its clock is
                seen = [replace(one, at=now) if one.at > now else one for one in batch.observations]
                batch = replace(batch, until=now + AHEAD, observations=seen)
            return batch
        batch = replace(read(piece.message, now), counters={})  # its node's relay counted them
        return leave_out(batch, self._left_out) if self._left_out else batch

    def _expect(self, stream: _Stream, name: str, now: float) -> None:
        """Wait for a sender from now on, if it is a new one."""
        sender = stream.sender(name)
        if sender in self._workers or sender in self._senders:
            return
        if name.startswith(_WORKER):
            self._workers[sender] = (stream.name.node, int(name.removeprefix(_WORKER)))
            self._await(sender, now)
            return
        point = stream.points.setdefault(name, VantagePoint(name, LAG, now, now))
        self._senders[sender] = (stream, name)
        self._merge.join(sender, now, LAG + point.lag, behind=LAG + point.lag)

    def _await(self, sender: str, now: float) -> None:
        """Wait for a worker as far back as it is behind, unless its clock is off."""
        behind = LAG if self._workers[sender][0] in self._skewed else inf
        self._merge.join(sender, now, LAG, behind, oldest=OUTDATED)

    def _note_skew(self, now: float) -> None:
        """Note whose clock and ours are too far apart to wait for what it says by its own."""
        skews = {node.name: node.relay.skew for node in self._nodes.values() if node.relay}
        ours = skews.get(self._fleet.node, 0.0)
        skewed = {name for name, skew in skews.items() if abs(skew - ours) > SKEWED}
        changed, self._skewed = skewed ^ self._skewed, skewed
        for sender, (node, _) in self._workers.items():
            if node in changed:
                self._await(sender, now)

    def _note_points(self, stream: _Stream, told: Points, now: float) -> None:
        """Take in how a node's vantage points do."""
        for name, point in told.points.items():
            earlier = stream.points.get(name)
            point.late = earlier.late if earlier else 0
            stream.points[name] = point
            sender = stream.sender(name)
            if point.gone_at is not None:
                self._merge.leave(sender)
                self._senders.pop(sender, None)
                del stream.points[name]
            elif earlier is None or earlier.lag != point.lag:
                self._senders.pop(sender, None)
                self._expect(stream, name, now)
            shown = copy(point)
            shown.name = f"{stream.name.node}/{name}"
            self._points[shown.name] = shown

    def _meet(self, nodes: list[NodeState], now: float) -> None:
        """Note who is there; wait for the workers of a node that has come."""
        before = self._nodes
        self._nodes = {node.name: node for node in nodes}
        self._note_skew(now)
        for node in nodes:
            if node.relay is None:
                continue
            was = before.get(node.name)
            if was is None or was.relay is None or was.relay.boot != node.relay.boot:
                name = StreamName(node.name, node.relay.boot)
                stream = self._streams.get(name)
                if stream is None:
                    stream = self._streams[name] = _Stream(name, Cursor(name.boot, node=name.node))
                for number in range(node.relay.workers):
                    self._expect(stream, f"{_WORKER}{number}", now)

    def _missing(self) -> tuple[str, ...]:
        """Return in which streams something is missing, every few seconds."""
        now = clock.elapsed()
        if now < self._again_at or not self._reader.gaps:
            return ()
        self._again_at = now + AGAIN
        return tuple(self._reader.gaps)

    def _prune(self, applied: Sequence[Cursor]) -> None:
        """Let go of the streams of earlier lives that were read to their ends."""
        needed = {StreamName(one.node, one.journal): one.needed for one in applied}
        for name, stream in list(self._streams.items()):
            node = self._nodes.get(name.node)
            is_over = node is not None and node.relay is not None and node.relay.boot != name.boot
            if (
                is_over
                and clock.elapsed() > stream.heard_at + OVER
                and needed.get(name, -1) >= stream.taken
            ):
                del self._streams[name]
                for sender in [one for one in self._workers if one.startswith(f"{name.text} ")]:
                    del self._workers[sender]
                    self._merge.leave(sender)
                for sender in [one for one, (its, _) in self._senders.items() if its is stream]:
                    del self._senders[sender]
                    self._merge.leave(sender)
                self._reader.forget(name)
                self._bulletin.forget(name.text)
