"""Whatever stands in a recording, a lease file or a hosts file, it is read, counted or refused."""

from io import BufferedReader, BytesIO

import pytest

from dnswatch.errors import SourceError
from dnswatch.names.hosts import parse_hosts
from dnswatch.names.leases import parse_leases
from dnswatch.sources.crew import Crew
from dnswatch.sources.formats import recognise
from dnswatch.sources.opening import Opened
from tests.fuzz.frame import fuzz


def replayed(data: bytes) -> None:
    """Read a recording, of whatever format it seems to be now."""
    opened = Opened("input", BufferedReader(BytesIO(data)), lambda: 0, len(data), [])
    for _ in recognise(opened).read(opened, Crew(1), frozenset()):
        pass


@pytest.mark.parametrize("kind", ["capture", "dnstap", "zeek", "nfdump"])
def test_any_recording_is_read_or_refused(kind: str) -> None:
    """No recording ends in anything but readings or a `SourceError`."""
    fuzz(kind, replayed, SourceError)


def test_any_lease_file_is_read() -> None:
    """What is no lease is counted as broken."""
    fuzz("leases", lambda data: parse_leases([data.decode("utf-8", "replace")]))


def test_any_hosts_file_is_read() -> None:
    """What is no line of a hosts file is counted as broken."""
    fuzz("hosts", lambda data: parse_hosts([data.decode("utf-8", "replace")]))
