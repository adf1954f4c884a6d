"""A line passes batches and briefings, and bounds what a silent worker can make grow."""

import socket
from collections.abc import Iterator

import pytest

from dnswatch.seams.batch import Batch, Lessons, brief, decode, decode_briefing, encode
from dnswatch.watchdog.journal import Journal, create
from dnswatch.watchdog.lines import BACKLOG, Line
from tests.watchdog.process import seqpacket

Ends = tuple[socket.socket, Line]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A worker's end of a line, and the watch's."""
    worker, watch = seqpacket()
    with worker, watch:
        yield worker, Line("worker 3", watch)


def send(worker: socket.socket, *batches: Batch) -> None:
    for batch in batches:
        for message in encode(batch):
            worker.send(message)


def taught(worker: socket.socket) -> Iterator[Lessons]:
    while True:
        try:
            yield decode_briefing(worker.recv(1 << 18)).lessons
        except BlockingIOError:
            return


def exchanges(number: int) -> list[tuple[bytes, float, bytes]]:
    return [(b"\x03mx%d" % n, 1.0, b"\1a") for n in range(number)]


def test_batches_are_read_a_few_at_a_time(ends: Ends) -> None:
    """A worker that says much leaves the others their turn."""
    worker, line = ends
    sent = [Batch(float(number)) for number in range(5)]
    send(worker, *sent)
    journal = Journal(create())
    assert [batch for _, batch in line.receive(3, journal)] == sent[:3]
    assert [batch for _, batch in line.receive(3, journal)] == sent[3:]
    assert list(line.receive(3, journal)) == []
    assert [decode(record.message) for record in journal.records()] == sent
    assert {record.name for record in journal.records()} == {"worker 3"}


def test_what_is_no_batch_is_counted(ends: Ends) -> None:
    """Noise is passed over."""
    worker, line = ends
    worker.send(b"noise")
    send(worker, Batch(1.0))
    assert [batch for _, batch in line.receive(9, Journal(create()))] == [Batch(1.0)]
    assert line.broken == 1


def test_nothing_to_teach_is_not_said(ends: Ends) -> None:
    """A batch without mail-related lookups costs the other workers nothing."""
    worker, line = ends
    line.tell(brief(Lessons()))
    assert list(taught(worker)) == []


def test_a_worker_that_does_not_read_is_taught_later(ends: Ends) -> None:
    """What does not fit into the socket waits; beyond the bound the oldest goes and is counted."""
    worker, line = ends
    for number in range(3 * BACKLOG):
        line.tell(brief(Lessons([], [(b"%d" % number, 1.0)])))
    heard: list[Lessons] = []
    while more := list(taught(worker)):
        heard += more
        line.send()
    assert heard[0].domains == [(b"0", 1.0)]
    assert heard[-1].domains == [(b"%d" % (3 * BACKLOG - 1), 1.0)]
    assert len(heard) + line.lost == 3 * BACKLOG
    assert line.lost > 0


def test_a_line_that_is_cut_is_silent(ends: Ends) -> None:
    """Where the other end is gone there is nothing to read, and nothing fails."""
    worker, line = ends
    worker.close()
    line.tell(brief(Lessons(exchanges(1))))
    assert list(line.receive(9, Journal(create()))) == []
    assert line.is_over
