"""Reports: what a worker saw reaches the watch once, or is counted as lost."""

import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from dnswatch.codes import Type
from dnswatch.model.exchanges import Lessons, LookupKind
from dnswatch.model.health import HealthReport
from dnswatch.model.observation import Observation, Origin, Tally
from dnswatch.model.policies.mark import Action, Terms
from dnswatch.proxy import reports
from dnswatch.proxy.reports import Reports
from dnswatch.resolver.observed import Observed, kind
from dnswatch.seams.batch import STARTED, Batch, Briefing, Mark, Marks, decode, encode_briefing

CLIENT = b"\x0a\0\0\1"
NOW = 1000.0

Line = tuple[socket.socket, socket.socket]


@pytest.fixture
def line() -> Iterator[Line]:
    """The line between a worker and the watch: the worker's end and the watch's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def received(theirs: socket.socket) -> list[Batch]:
    """All that waits for the watch."""
    batches = []
    try:
        while True:
            batches.append(decode(theirs.recv(1 << 20)))
    except BlockingIOError:
        return batches


def seen(number: int, size: int = 0) -> Observation:
    """Make one lookup, told from others by its time; `size` makes it long."""
    qname = b"\1a\0" + bytes(size)
    return Observation(float(number), CLIENT, qname, Type.MX, 0, Origin.UPSTREAM)


def count(
    report: Reports,
    what: int,
    *,
    client: bytes = CLIENT,
    is_recorded: bool = True,
    redirected: bool = False,
) -> None:
    """Count an answer."""
    report.observed.count(client, what, is_recorded, redirected)


def test_what_was_seen_and_counted_arrives(line: Line) -> None:
    """A flush brings observations, counts by client and kind, counters and health."""
    ours, theirs = line
    report = Reports(ours, lambda: NOW, Observed(10), lambda: [health])
    report.observed.observations.append(seen(1))
    for _ in range(3):
        count(report, kind(Type.A, 0, 2))
    count(report, kind(Type.AAAA, 3, 0), redirected=True)
    health = HealthReport("udp://192.0.2.1", True, 0.1, 1, 0)
    report.flush()
    (batch,) = received(theirs)
    assert batch.until == NOW
    assert batch.observations == [seen(1)]
    assert batch.tallies == [
        Tally(CLIENT, Type.A, 0, 2, False, 3),
        Tally(CLIENT, Type.AAAA, 3, 0, True, 1),
    ]
    assert batch.counters == {STARTED: 1}
    assert batch.health == [health]


def test_nothing_is_told_twice(line: Line) -> None:
    """After a flush everything starts anew."""
    ours, theirs = line
    report = Reports(ours, lambda: NOW, Observed(10))
    report.observed.observations.append(seen(1))
    count(report, kind(Type.A, 0, 1))
    report.flush()
    received(theirs)
    report.flush()
    (batch,) = received(theirs)
    assert (batch.observations, batch.tallies, batch.counters) == ([], [], {})


def test_who_is_left_out_is_counted_as_nobody(line: Line) -> None:
    """An address that shall stand in no record never leaves the worker."""
    ours, theirs = line
    report = Reports(ours, lambda: NOW, Observed(10))
    count(report, kind(Type.A, 0, 1), is_recorded=False)
    report.flush()
    (batch,) = received(theirs)
    assert batch.tallies == [Tally(None, Type.A, 0, 1, False, 1)]


def test_a_kind_holds_every_number_that_a_tally_has(line: Line) -> None:
    """The widest type, rcode and number of addresses survive."""
    ours, theirs = line
    report = Reports(ours, lambda: NOW, Observed(10))
    count(report, kind(65535, 4095, 99999))
    report.flush()
    (batch,) = received(theirs)
    assert batch.tallies == [Tally(CLIENT, 65535, 4095, 4095, False, 1)]


def test_many_clients_are_told_of_early(line: Line) -> None:
    """At the bound of clients the counts go out, and none is lost."""
    ours, theirs = line
    report = Reports(ours, lambda: NOW, Observed(10))
    for number in range(35):
        count(report, kind(Type.A, 0, 1), client=number.to_bytes(4, "big"))
        if report.observed.is_full:
            report.flush()
        assert len(report.observed.rows[False]) <= 10
    report.flush()
    assert sum(len(batch.tallies) for batch in received(theirs)) == 35


def test_a_watch_that_was_away_hears_everything_once_and_in_order(line: Line) -> None:
    """While the watch takes nothing its share is kept; when it is back nothing is lost or doubled.

    The line itself holds some messages; the rest waits in the worker.
    """
    ours, theirs = line
    report = Reports(ours, lambda: NOW, Observed(10))
    for number in range(20_000):
        report.observed.observations.append(seen(number))
    heard: list[Observation] = []
    for _ in range(1000):
        report.flush()
        heard += [one for batch in received(theirs) for one in batch.observations]
        if len(heard) == 20_000:
            break
    assert heard == [seen(number) for number in range(20_000)]


def test_what_is_too_much_is_counted_and_the_newest_kept(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound the oldest goes, every message that went is counted, and no count is lost.

    That holds also for counts that stood in a message that went.
    """
    ours, theirs = line
    monkeypatch.setattr(reports, "MAX_BACKLOG", 100_000)
    report = Reports(ours, lambda: NOW, Observed(10))
    for number in range(300):
        report.counters["lookups"] += 1
        report.observed.observations.append(seen(number, 10_000))
        report.flush()
        assert report._backlog_bytes <= 100_000
    batches: list[Batch] = []
    for _ in range(100):
        batches += received(theirs)
        report.flush()
    batches += received(theirs)
    counters: Counter[str] = Counter()
    for batch in batches:
        counters.update(batch.counters)
    heard = [one.at for batch in batches for one in batch.observations]
    assert counters["lookups"] == 300
    assert counters[STARTED] == 1
    assert counters["reports_lost"] == 300 - len(heard) > 0
    assert heard == sorted(heard)
    assert heard[-1] == 299.0


def test_briefings_are_taken_in(line: Line) -> None:
    """What the watch tells is read until there is no more; noise is counted and passed over."""
    ours, theirs = line
    report = Reports(ours, lambda: NOW, Observed(10))
    assert report.briefings() == []
    mark = Mark(b"\x0a\0\0\1", "delay", Action.DELAY, Terms(), (LookupKind.MX,), 9.0)
    lessons = Lessons([(b"\2mx\0", 5.0, b"\1a\0")], [(b"\1a\0", 6.0)])
    briefing = Briefing(lessons, Marks([mark], [b"\x0a\0\0\2"], whole=True))
    theirs.send(encode_briefing(briefing))
    theirs.send(b"noise")
    theirs.send(encode_briefing(briefing))
    assert report.briefings() == [briefing, briefing]
    assert report.counters["briefings_broken"] == 1


def test_a_watch_that_is_gone_is_no_fault(line: Line) -> None:
    """A closed line loses nothing of the worker's peace: it keeps what it has."""
    ours, theirs = line
    theirs.close()
    report = Reports(ours, lambda: NOW, Observed(10))
    report.observed.observations.append(seen(1))
    report.flush()
    assert report.briefings() == []
    assert report._backlog
