"""The measurement of a replay measures what it says."""

from pathlib import Path

import pytest

from bench.replay.__main__ import Run, table
from bench.replay.traffic import SEGMENTS, write
from dnswatch.sources.crew import Crew
from dnswatch.sources.stream import Stream
from tests.sources.judge import judged, need_tshark

pytestmark = pytest.mark.whole


def test_the_traffic_is_what_it_says(tmp_path: Path) -> None:
    """A lookup and a connection a visit, all of them whole, and tshark sees the same."""
    need_tshark()
    capture = tmp_path / "capture.pcap"
    packets = write(capture, 300_000)
    [*readings] = Stream([str(capture)], Crew(1)).readings()
    visits = sum(reading.census["queries"] for reading in readings)
    assert packets == visits * (9 + SEGMENTS + SEGMENTS // 2)
    assert sum(reading.census["answered"] for reading in readings) == visits
    assert sum(reading.census["flows"] for reading in readings) == visits
    assert judged(capture)["queries"] == visits


def test_rates_are_taken_of_the_same_packets() -> None:
    """Twice as quick is a ratio of two."""
    runs = {
        "tshark -T fields": [Run(10.0, 9.0, 1 << 20)],
        "dnswatch replay": [Run(5.0, 8.0, 2 << 20)],
    }
    _, ours = table("title", 1000, runs).rows
    assert ours == ("dnswatch replay", "200", "2.00", "8,000.0", "2")
