"""However often a watch is killed, and wherever, each lookup and each count is taken once."""

import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from mmap import PAGESIZE

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.changes import Cursor
from dnswatch.model.observation import Observation, Origin
from dnswatch.seams.batch import Batch, decode, encode
from dnswatch.seams.merge import Merge, rest
from dnswatch.watchdog.journal import Journal, Record, create
from dnswatch.watchdog.lines import Line
from tests.watchdog.process import seqpacket

WORKERS = 2


class KilledError(Exception):
    """Where this is raised the watch ends."""


class Deadly(socket.socket):
    """A line that kills whoever takes a message from it, if it is told to."""

    is_armed = False

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        if self.is_armed and not flags & socket.MSG_PEEK:
            raise KilledError
        return super().recv(bufsize, flags)


class Watch:
    """A watch of a site: reads, folds and commits when it is told to, and can be killed anywhere.

    What it folded counts once it is committed, as in the store.
    """

    def __init__(self, size: int) -> None:
        self.file = create(size)
        pairs = [seqpacket() for _ in range(WORKERS)]
        self.workers = [ours for ours, _ in pairs]
        self.lines = [Deadly(fileno=theirs.detach()) for _, theirs in pairs]
        self.now = 100.0
        self.sent, self.stored = Counter[str](), Counter[str]()
        self.cursor: Cursor | None = None
        self.start()

    def close(self) -> None:
        for end in (*self.workers, *self.lines):
            end.close()
        os.close(self.file)

    def start(self) -> None:
        """Begin, as a watch does after another, whatever became of that one."""
        self.journal = Journal(self.file)
        self.merge = Merge()
        self.folded = Counter[str]()
        for worker in range(WORKERS):
            self.line(worker).drop(self.journal.last)
        stored = self.cursor or Cursor(self.journal.name)
        assert stored.journal == self.journal.name
        for place, name, message, _ in self.journal.records():
            self.take(name, place, rest(name, decode(message), place, stored))

    def line(self, worker: int) -> Line:
        return Line(f"worker {worker}", self.lines[worker])

    def take(self, name: str, place: int, batch: Batch) -> None:
        self.merge.add(name, batch, self.now, place)
        self.folded.update(batch.counters)

    def send(self, worker: int, observations: int) -> None:
        """Send a batch with some lookups and one count, all of which nobody else sends."""
        self.now += 0.25
        names = [f"{len(self.sent) + number}" for number in range(observations)]
        seen = [
            Observation(self.now + number / 1000, None, name.encode(), 1, 0, Origin.UPSTREAM)
            for number, name in enumerate(names)
        ]
        self.sent.update([*names, f"count {self.now}"])
        batch = Batch(self.now + 0.1, seen, counters={f"count {self.now}": 1})
        for message in encode(batch):
            self.workers[worker].send(message)

    def read(self, worker: int, most: int) -> None:
        line = self.line(worker)
        for place, batch in line.receive(most, self.journal):
            self.take(line.name, place, batch)

    def fold(self) -> None:
        self.folded.update(seen.qname.decode() for _, seen in self.merge.release(self.now))

    def commit(self) -> None:
        """Store what was folded and, with it, up to where that goes; then let go of it."""
        self.stored.update(self.folded)
        self.folded.clear()
        self.cursor = Cursor(self.journal.name, self.journal.end, self.merge.waiting())

    def let_go(self) -> None:
        if self.cursor:
            self.journal.let_go(self.cursor.needed)

    def kill(self, worker: int) -> None:
        """Kill it where a message stands in the journal and in the line as well, if one waits."""
        self.lines[worker].is_armed = True
        with suppress(KilledError):
            self.read(worker, 1)
        self.lines[worker].is_armed = False
        self.start()


@pytest.fixture
def file() -> Iterator[int]:
    """The memory of a small journal."""
    file = create(100)
    yield file
    os.close(file)


workers = st.integers(0, WORKERS - 1)
steps = st.one_of(
    st.tuples(st.just("send"), workers, st.integers(0, 5)),
    st.tuples(st.just("read"), workers, st.integers(1, 3)),
    st.tuples(st.just("kill"), workers),
    st.tuples(st.sampled_from(["fold", "commit", "let_go", "start"])),
)


@given(st.lists(steps, max_size=60), st.integers(6000, 9000))
def test_each_is_taken_once(script: list[tuple[str, *tuple[int, ...]]], size: int) -> None:
    """In whatever order batches, readings, commits and kills come, and wherever the ring closes:
    what workers sent is stored once."""
    watch = Watch(size)
    try:
        for step, *arguments in script:
            getattr(watch, step)(*arguments)
            assert watch.stored <= watch.sent
            if step != "send":
                continue
            room = size - (watch.journal.end - (watch.cursor.needed if watch.cursor else 0))
            if room < 3000:  # the ring is for what is not stored yet
                watch.commit()
                watch.let_go()
        for worker in range(WORKERS):
            watch.read(worker, 100)
        watch.folded.update(seen.qname.decode() for _, seen in watch.merge.flush())
        watch.commit()
        assert watch.stored == watch.sent
    finally:
        watch.close()


def test_the_oldest_make_room(file: int) -> None:
    """A journal that nobody lets go of keeps what was written last."""
    journal = Journal(file)
    sent = [("zeek", b"message %2d" % number) for number in range(40)]
    places = [journal.append(*each) for each in sent]
    numbered = enumerate(zip(places, sent, strict=True))
    kept = [Record(place, *each, number) for number, (place, each) in numbered][-3:]
    assert list(journal.records()) == kept
    assert list(Journal(file).records()) == kept
    assert Journal(file).name == journal.name
    journal.let_go(places[-1])
    assert list(journal.records()) == kept[-1:]


@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 20_000)), max_size=60))
def test_memory_is_taken_for_what_is_kept(steps: list[tuple[int, int]]) -> None:
    """Pages whose messages went are given back, wherever the ring closes; what is kept stays."""
    file = create(30_000)
    try:
        journal = Journal(file)
        for number, (length, behind) in enumerate(steps):
            message = bytes((number % 255 + 1,)) * length
            place = journal.append("zeek", message)
            before = [one for one in journal.records() if one.place >= place - behind]
            journal.let_go(before[0].place)
            assert list(journal.records()) == before
            assert before[-1].message == message
            held = journal.end - journal.first
            assert 512 * os.fstat(file).st_blocks <= held + 4 * PAGESIZE  # and a page with the head
    finally:
        os.close(file)
