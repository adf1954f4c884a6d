"""What could not be looked into."""

import gzip

import pytest

from dnswatch.bay.inspection.checks import Containers
from tests.bay.inspection.letters import UNPACKED, envelope, letter, look, zipped


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.rar", b"Rar!\x1a\x07\0", "not-scanned"),
        ("a.gz", gzip.compress(bytes(2 * UNPACKED)), "suspicious"),
        ("a.zip", zipped(("a.txt", b"Hello")), "clean"),
    ],
)
def test_closed_containers_are_never_clean(name: str, data: bytes, says: str) -> None:
    """A format that is not opened is not scanned, a trap is suspicious, an open one is clean."""
    assert look(Containers(), envelope(), letter((name, data)))[0] == says
