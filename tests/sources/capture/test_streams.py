"""Streams: DNS messages over TCP, however the segments are cut and come."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.sources.capture.streams import EARLY, STREAMS, Streams

MESSAGES = [bytes([n]) * (50 * n) for n in range(1, 6)]
STREAM = b"".join(len(message).to_bytes(2, "big") + message for message in MESSAGES)
SYN, FIN, ACK = 2, 1, 16


def heard(streams: Streams, segments: list[tuple[int, int, bytes]]) -> list[bytes]:
    """Feed segments (sequence number, flags, payload) of one stream."""
    return [
        message
        for seq, flags, payload in segments
        for message in streams.add(b"k", seq % (1 << 32), flags, payload)
    ]


@given(
    st.lists(st.integers(1, len(STREAM) - 1), unique=True), st.randoms(),
    st.sampled_from([0, 1000, (1 << 32) - 100]),
)  # fmt: skip
def test_messages_come_whole_however_segments_are_cut_and_shuffled(
    cuts: list[int], chance: object, begin: int
) -> None:
    """Also where sequence numbers go round, and where segments come twice."""
    edges = [0, *sorted(cuts), len(STREAM)]
    segments = [(begin + 1 + a, ACK, STREAM[a:b]) for a, b in pairwise(edges)]
    segments += segments[:2]
    chance.shuffle(segments)  # type: ignore[attr-defined]
    streams = Streams()
    assert heard(streams, [(begin, SYN, b""), *segments]) == MESSAGES
    streams.close()
    assert streams.broken == 0


def test_a_stream_whose_beginning_was_not_seen_is_read_from_its_next_message() -> None:
    """The first segment that is seen is believed to begin a message."""
    assert heard(Streams(), [(77, ACK, STREAM)]) == MESSAGES


def test_a_stream_with_a_gap_is_counted() -> None:
    """What never came makes the rest unreadable, and that is said."""
    streams = Streams()
    assert heard(streams, [(0, SYN, b""), (1, ACK, STREAM[:20]), (30, ACK, STREAM[29:])]) == []
    assert heard(streams, [(len(STREAM) + 1, FIN | ACK, b"")]) == []
    assert streams.broken == 1


def test_a_new_connection_from_the_same_port_is_another_stream() -> None:
    """A SYN begins anew, whatever waited."""
    streams = Streams()
    heard(streams, [(0, SYN, b""), (1, ACK, STREAM[:20])])
    assert heard(streams, [(500, SYN, b""), (501, ACK, STREAM)]) == MESSAGES
    assert streams.broken == 1


def test_memory_is_bounded() -> None:
    """Too much that came early, and too many streams, are given up."""
    streams = Streams()
    heard(streams, [(0, SYN, b"")])
    heard(streams, [(10 + n * 1000, ACK, bytes(1000)) for n in range(EARLY // 1000 + 1)])
    assert streams.broken == 1
    for n in range(STREAMS + 5):
        list(streams.add(b"%d" % n, 0, ACK, b"\0"))
    assert streams.broken == 6
