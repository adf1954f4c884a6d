"""The way through the frames of a chunk."""

import io

import pytest

from dnswatch.sources.capture.pcap import RecordWalk, chunks
from tests.sources.packets import NOON, listed, pcap


@pytest.mark.parametrize(
    ("moments", "told"), [([NOON, NOON + 1], NOON + 1), ([NOON, 0.0], None), ([NOON], None)]
)
def test_the_next_frame_is_looked_at_without_going_there(
    moments: list[float], told: float | None
) -> None:
    """It tells when that was, if it says so, and all frames are still to come."""
    [chunk] = chunks(io.BytesIO(pcap([(at, b"abc") for at in moments])))
    walk = RecordWalk(chunk)
    assert walk.next()
    here = walk.at, walk.link, walk.begin, walk.end
    assert walk.following() == told
    assert (walk.at, walk.link, walk.begin, walk.end) == here
    assert [at for at, *_ in [here, *listed(walk)]] == moments
