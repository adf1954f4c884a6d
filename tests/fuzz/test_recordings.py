"""Whatever stands in a recording, a lease file or a hosts file, it is read, counted or refused."""

from pathlib import Path

import pytest

from dnswatch.errors import SourceError
from dnswatch.names.hosts import parse_hosts
from dnswatch.names.leases import parse_leases
from dnswatch.sources.crew import Crew
from dnswatch.sources.dataset import flow_columns, observation_columns
from dnswatch.sources.live.frames import Sender
from dnswatch.sources.live.hearing import LiveHearing
from dnswatch.sources.moments import LATEST
from dnswatch.sources.stream import Stream
from tests.fuzz.frame import fuzz


def replayed(data: bytes, path: Path) -> None:
    """Read a recording, of whatever format it seems to be now, as a replay does."""
    path.write_bytes(data)
    passed = 0.0
    for reading in Stream([str(path)], Crew(1)).readings():
        assert min(reading.census.values(), default=0) >= 0
        for seen in reading.lookups:
            assert passed <= seen.at < LATEST + 60
            passed = seen.at
        if reading.lookups:
            observation_columns(reading.lookups)
        if reading.flows:
            flow_columns(reading.flows)


@pytest.mark.parametrize("kind", ["capture", "dnstap", "zeek", "nfdump"])
def test_any_recording_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    """No recording ends in anything but lookups in order of time, flows, or a `SourceError`."""
    fuzz(kind, lambda data: replayed(data, tmp_path / "recording"), SourceError)


def test_any_lease_file_is_read() -> None:
    """What is no lease is counted as broken."""
    fuzz("leases", lambda data: parse_leases([data.decode("utf-8", "replace")]))


def test_any_hosts_file_is_read() -> None:
    """What is no line of a hosts file is counted as broken."""
    fuzz("hosts", lambda data: parse_hosts([data.decode("utf-8", "replace")]))


def test_whatever_connects_to_a_tap_is_heard_or_refused() -> None:
    """A sender may send anything in any order: lookups come of it, or a `SourceError`."""

    def read(data: bytes) -> None:
        sender, hearing = Sender(), LiveHearing(lambda _: False)
        for at in range(0, len(data), 700):
            hearing.hear(sender.take(data[at : at + 700]), 1_060_084_800.0)
        lookups, _ = hearing.told(1_060_084_900.0)
        assert all(seen.client for seen in lookups)

    fuzz("framestreams", read, SourceError)
