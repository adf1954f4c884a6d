"""A node's journal on its way to the engine, and from there to the leader, with a real one."""

import os
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from dnswatch.fleet.forms import SEEN, StreamName
from dnswatch.fleet.reader import Arrival, StreamReader
from dnswatch.fleet.uplink import Uplink, skew_of
from dnswatch.watchdog.journal import Journal, create
from tests import check
from tests.fleet.engine import RealEngine


class Sender:
    """A relay's journal and uplink."""

    def __init__(self, engine: RealEngine, size: int) -> None:
        self.file = create(size)
        self.journal, self.lock = Journal(self.file), threading.Lock()
        self.name = StreamName("a", self.journal.name)
        self.engine = engine
        self.start()

    def start(self) -> None:
        """Begin, as after a kill."""
        self.uplink = Uplink(self.engine.connect, "a", 1, self.journal, self.lock)
        self.uplink.start()

    def write(self, *messages: bytes) -> None:
        """Have the journal take messages."""
        with self.lock:
            for message in messages:
                self.journal.append("worker 0", message)
        self.uplink.call()


@pytest.fixture
def sender(engine: RealEngine) -> Iterator[Sender]:
    """A relay with a ring for some thousand bytes."""
    it = Sender(engine, 2000)
    yield it
    it.uplink.stop(check.PATIENCE)
    os.close(it.file)


def read(reader: StreamReader, heard: list[Arrival], count: int) -> bool:
    """Take what a reader has read; say whether that is as much, in all."""
    heard += [each for reading in reader.news.take() for each in reading.arrivals]
    return len(heard) == count


def test_a_stream_holds_each_message_once(engine: RealEngine, sender: Sender) -> None:
    """Across restarts of the relay, and an engine that came back with an older file."""
    stream = engine.connect().key(SEEN, sender.name.text)
    sender.write(b"one", b"two")
    check.eventually(lambda: engine.connect().length(stream) == 2)
    older = engine.keep_file()
    sender.uplink.stop(check.PATIENCE)
    sender.start()
    sender.write(b"three")
    check.eventually(lambda: engine.connect().length(stream) == 3)
    engine.kill()
    engine.come_back(older)
    sender.write(b"four")
    check.eventually(lambda: engine.connect().length(stream) == 4)
    entries = engine.connect().read({stream: "0-0"}, 9)[stream]
    assert [entry.fields["worker 0"] for entry in entries] == [b"one", b"two", b"three", b"four"]
    check.eventually(lambda: sender.uplink.apart_since is None)


def test_what_is_missing_is_sent_again(engine: RealEngine, sender: Sender) -> None:
    """A leader that finds a gap takes nothing behind it, until the node has sent it again."""
    reader = StreamReader(engine.connect)
    reader.follow(sender.name, 0, 0)
    stream = engine.connect().key(SEEN, sender.name.text)
    sender.write(b"one", b"two", b"three")
    check.eventually(lambda: engine.connect().length(stream) == 3)
    second = engine.connect().read({stream: "0-0"}, 3)[stream][1]
    engine.lose(stream, second.id)
    reader.start()
    try:
        check.eventually(lambda: sender.name.text in reader.gaps)
        heard: list[Arrival] = []
        assert read(reader, heard, 1)
        sender.uplink.send_again()
        check.eventually(partial(read, reader, heard, 3))
        assert [each.piece.message for each in heard] == [b"one", b"two", b"three"]
        assert sum(each.lost for each in heard) == 0
        assert not reader.gaps
    finally:
        reader.stop()


def test_what_a_ring_wrote_over_is_counted(engine: RealEngine, sender: Sender) -> None:
    """While the engine is away the ring keeps what came last; the leader goes on with that, and
    knows how much it did not get."""
    reader = StreamReader(engine.connect)
    reader.follow(sender.name, 0, 0)
    sender.write(b"first")
    heard: list[Arrival] = []
    reader.start()
    try:
        check.eventually(partial(read, reader, heard, 1))
        engine.kill()
        for number in range(100):
            sender.write(b"message %90d" % number)
        check.eventually(lambda: sender.uplink.apart_since is not None)
        kept = sender.journal.kept
        assert kept < 20
        engine.start()
        check.eventually(partial(read, reader, heard, 1 + kept))
        assert heard[1].piece.message == b"message %90d" % (100 - kept)
        assert sum(each.lost for each in heard) == 100 - kept
        check.eventually(lambda: sender.uplink.lost == 100 - kept)
    finally:
        reader.stop()


def test_a_clock_is_wrong_by_what_is_sure() -> None:
    """An answer that was long on its way proves little about who is ahead."""
    assert skew_of(100.0, 100.5, 101.0) == 0.0
    assert skew_of(100.0, 98.0, 101.0) == 2.0
    assert skew_of(100.0, 103.0, 101.0) == -2.0
    assert skew_of(100.0, 101.0, 101.0) == skew_of(100.0, 100.0, 101.0) == 0.0


def test_two_servers_of_one_name_are_told(
    engine: RealEngine, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    """Their streams are apart, so nothing is counted wrongly; but nobody knows whose verdict is
    whose until one has another name."""
    other = Sender(engine, 2000)
    check.eventually(lambda: "called node 'a' too" in caplog.text)
    other.uplink.stop(check.PATIENCE)
    os.close(other.file)
