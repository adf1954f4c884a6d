"""The stream: several files are told in one order of time."""

import io
import sys
from collections import Counter
from pathlib import Path

import pytest

from dnswatch.errors import SourceError
from dnswatch.model.flow import Contact
from dnswatch.model.observation import Observation
from dnswatch.sources.crew import Crew
from dnswatch.sources.stream import Stream
from tests.sources.packets import (
    NOON,
    Timed,
    back,
    conversation,
    ethernet,
    pcap,
    query,
    response,
    udp,
)
from tests.sources.zeek.logs import CONN, DNS, SMTP


def lookups(begin: float, count: int, gap: float = 1.0) -> list[Timed]:
    """Make lookups, each answered after a tenth of a second."""
    frames = []
    for n in range(count):
        at = begin + n * gap
        frames += [
            (at, ethernet(udp(query(ident=n)))),
            (at + 0.1, ethernet(back(response(ident=n)))),
        ]
    return frames


class Told:
    """All that a stream tells."""

    def __init__(self, *files: Path | str) -> None:
        self.lookups: list[Observation] = []
        self.contacts: list[Contact] = []
        self.census: Counter[str] = Counter()
        self.stream = Stream([str(file) for file in files], Crew(1))
        passed = 0.0
        for reading in self.stream.readings():
            assert all(seen.at >= passed for seen in reading.lookups)
            assert all(contact.at >= passed for contact in reading.contacts)
            self.lookups += reading.lookups
            self.contacts += reading.contacts
            self.census += reading.census
            passed = reading.until

    @property
    def times(self) -> list[float]:
        """When the lookups were, seconds after noon."""
        return [round(seen.at - NOON, 3) for seen in self.lookups]


def put(directory: Path, name: str, content: bytes) -> Path:
    """Write a file."""
    path = directory / name
    path.write_bytes(content)
    return path


def test_files_are_read_in_order_of_time(tmp_path: Path) -> None:
    """Whatever the order in which they are named."""
    late = put(tmp_path, "a", pcap(lookups(NOON + 100, 3)))
    early = put(tmp_path, "b", pcap(lookups(NOON, 3)))
    told = Told(late, early)
    assert told.times == [0.1, 1.1, 2.1, 100.1, 101.1, 102.1]
    assert told.census["out_of_order"] == 0
    assert told.stream.position == told.stream.size == early.stat().st_size + late.stat().st_size


def test_files_of_the_same_time_are_read_side_by_side(tmp_path: Path) -> None:
    """Two taps of one site are one stream."""
    one = put(tmp_path, "a", pcap(lookups(NOON, 50, 2.0)))
    other = put(tmp_path, "b", pcap(lookups(NOON + 1, 50, 2.0)))
    told = Told(one, other)
    assert told.times == [n + 0.1 for n in range(100)]
    assert told.census["out_of_order"] == 0


def test_packets_in_the_wrong_order_find_their_place(tmp_path: Path) -> None:
    """Within a second; what comes later still is put where the stream is, and counted."""
    frames = lookups(NOON, 6, 0.2)
    frames[4:8] = frames[6:8] + frames[4:6]
    told = Told(put(tmp_path, "a", pcap(frames)))
    assert told.times == sorted(told.times)
    assert told.census["out_of_order"] == 0


def test_logs_of_zeek_are_one_stream(tmp_path: Path) -> None:
    """Lookups of dns.log, contacts of conn.log; smtp.log adds mails, not connections."""
    files = [put(tmp_path, name, log) for name, log in (("d", DNS), ("c", CONN), ("s", SMTP))]
    told = Told(*files)
    assert (len(told.lookups), len(told.contacts)) == (3, 3)
    assert (told.census["mails"], told.census["smtp"]) == (2, 2)


def test_the_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `-`, though it cannot be looked at beforehand, and does not say how long it is."""

    class _Stdin:
        buffer = io.BytesIO(pcap(conversation()))

    monkeypatch.setattr(sys, "stdin", _Stdin())
    told = Told("-")
    assert (told.times, told.stream.size) == ([0.1], 0)


def test_a_compressed_file_that_is_broken_is_counted(tmp_path: Path) -> None:
    """What comes before is read."""
    import gzip

    packed = gzip.compress(pcap(lookups(NOON, 2000)))
    told = Told(put(tmp_path, "a", packed[: len(packed) // 2]))
    assert told.census["cut_off"] >= 1
    assert len(told.lookups) > 500


def test_one_file_that_cannot_be_read_stops_all_before_anything_is_done(tmp_path: Path) -> None:
    """A mistyped name is said at once, not after an hour."""
    good = put(tmp_path, "a", pcap(conversation()))
    with pytest.raises(SourceError, match="cannot read"):
        Stream([str(good), str(tmp_path / "absent")], Crew(1))
