"""A line passes batches and lessons, and bounds what a silent worker can make grow."""

import socket
from collections.abc import Iterator

import pytest

from dnswatch.seams.batch import Batch, Lessons, decode_lessons, encode
from dnswatch.watchdog.lines import BACKLOG, NAMES, Line
from tests.watchdog.process import seqpacket

Ends = tuple[socket.socket, Line]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Worker number 3's end of a line, and the watch's."""
    worker, watch = seqpacket()
    with worker, watch:
        yield worker, Line(3, watch)


def send(worker: socket.socket, *batches: Batch) -> None:
    for batch in batches:
        for message in encode(batch):
            worker.send(message)


def taught(worker: socket.socket) -> Iterator[Lessons]:
    while True:
        try:
            yield decode_lessons(worker.recv(1 << 18))
        except BlockingIOError:
            return


def names(number: int) -> list[tuple[bytes, float]]:
    return [(b"\x03mx%d" % n, 1.0) for n in range(number)]


def test_batches_are_read_a_few_at_a_time(ends: Ends) -> None:
    """A worker that says much leaves the others their turn."""
    worker, line = ends
    sent = [Batch(3, float(number)) for number in range(5)]
    send(worker, *sent)
    assert list(line.receive(3)) == sent[:3]
    assert list(line.receive(3)) == sent[3:]
    assert list(line.receive(3)) == []


def test_what_is_no_batch_of_this_worker_is_counted(ends: Ends) -> None:
    """Noise, and the voice of another, are passed over."""
    worker, line = ends
    worker.send(b"noise")
    send(worker, Batch(2, 1.0), Batch(3, 1.0))
    assert list(line.receive(9)) == [Batch(3, 1.0)]
    assert line.broken == 2


def test_many_lessons_go_out_in_parts(ends: Ends) -> None:
    """No message of lessons is longer than the socket takes."""
    worker, line = ends
    line.teach(Lessons(names(NAMES + 1), names(2 * NAMES + 1)))
    parts = list(taught(worker))
    assert [len(part.exchanges) for part in parts] == [NAMES, 1, 0]
    assert [len(part.domains) for part in parts] == [NAMES, NAMES, 1]


def test_nothing_to_teach_is_not_said(ends: Ends) -> None:
    """A batch without mail-related lookups costs the other workers nothing."""
    worker, line = ends
    line.teach(Lessons())
    assert list(taught(worker)) == []


def test_a_worker_that_does_not_read_is_taught_later(ends: Ends) -> None:
    """What does not fit into the socket waits; beyond the bound the oldest goes and is counted."""
    worker, line = ends
    for number in range(3 * BACKLOG):
        line.teach(Lessons([(b"%d" % number, 1.0)]))
    heard: list[Lessons] = []
    while more := list(taught(worker)):
        heard += more
        line.send()
    assert heard[0].exchanges == [(b"0", 1.0)]
    assert heard[-1].exchanges == [(b"%d" % (3 * BACKLOG - 1), 1.0)]
    assert len(heard) + line.lost == 3 * BACKLOG
    assert line.lost > 0


def test_a_line_that_is_cut_is_silent(ends: Ends) -> None:
    """Where the other end is gone there is nothing to read, and nothing fails."""
    worker, line = ends
    worker.close()
    line.teach(Lessons(names(1)))
    assert list(line.receive(9)) == []
