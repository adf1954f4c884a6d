"""Batches on their way to the watch: in order of time, whole, and never waited for."""

import socket
from collections.abc import Iterator

import pytest

from dnswatch.model.observation import Observation, Origin
from dnswatch.seams.batch import Batch, decode
from dnswatch.sources.live import handing as module
from dnswatch.sources.live.handing import Handing

Line = tuple[socket.socket, socket.socket]


@pytest.fixture
def line() -> Iterator[Line]:
    """A line: our end and the watch's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        for end in (ours, theirs):
            end.setblocking(False)
        yield ours, theirs


def seen(at: float) -> Observation:
    """Tell a lookup."""
    return Observation(at, b"\x0a\0\0\1", b"\1a\0", 1, 0, Origin.UPSTREAM)


def received(theirs: socket.socket) -> list[Batch]:
    """Read what was handed over."""
    found = []
    try:
        while True:
            found.append(decode(theirs.recv(1 << 18)))
    except BlockingIOError:
        return found


def test_what_comes_late_finds_its_place(line: Line) -> None:
    """Nothing is handed over before its time has passed by the lag, so a batch never says that
    all was told up to a moment when something earlier may come."""
    handing = Handing(line[0], 2.0)
    handing.hand_over([seen(10.5), seen(9.0)], 11.0)
    handing.hand_over([seen(9.5)], 11.5)
    handing.hand_over([], 13.0)
    batches = received(line[1])
    assert [[one.at for one in batch.observations] for batch in batches] == [[9.0], [9.5], [10.5]]
    assert [batch.until for batch in batches] == [9.0, 9.5, 11.0]
    assert len({batch.number for batch in batches}) == 3


def test_a_watch_that_is_away_is_not_waited_for(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not take waits; beyond a bound whoever reads is told to read no more, and
    nothing is lost once the watch is back."""
    monkeypatch.setattr(module, "FULL", 100_000)
    handing, given = Handing(line[0], 0.0), 0
    while not handing.is_full:
        handing.counters["tap_frames"] += 1
        handing.hand_over([seen(given + n / 1000) for n in range(1000)], given + 1.0)
        given += 1
    batches = received(line[1])
    while sum(batch.counters.get("tap_frames", 0) for batch in batches) < given:
        handing.send()
        batches += received(line[1])
    assert sum(len(batch.observations) for batch in batches) == given * 1000
    assert not handing.is_full
