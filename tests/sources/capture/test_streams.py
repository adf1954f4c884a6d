"""Streams: DNS messages over TCP, however the segments are cut and come."""

from itertools import pairwise
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.sources.capture.streams import EARLY, SEGMENTS, STREAMS, WAIT, Streams
from tests.sources.packets import query, response

MESSAGES = [
    query("example.org", "MX", 1),
    response(gives=[f"192.0.2.{n}" for n in range(90)]),
    query("a.example", "A", 2),
    query("another.example", "AAAA", 3),
    response("a.example"),
]
STREAM = b"".join(len(message).to_bytes(2, "big") + message for message in MESSAGES)
SYN, FIN, ACK = 2, 1, 16


def heard(streams: Streams, segments: list[tuple[int, int, bytes]]) -> list[bytes]:
    """Feed segments (sequence number, flags, payload) of one stream."""
    return [
        message
        for seq, flags, payload in segments
        for _, _, message in streams.add(b"k", seq % (1 << 32), flags, payload, 0.0)
    ]


@given(
    st.lists(st.integers(1, len(STREAM) - 1), unique=True),
    st.randoms(),
    st.sampled_from([0, 1000, (1 << 32) - 100]),
)
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
    assert list(streams.close()) == []
    assert streams.broken == 0


@given(st.integers(0, len(STREAM) - 1), st.lists(st.integers(1, len(STREAM) - 1), unique=True))
def test_a_stream_whose_beginning_was_not_seen_is_read_from_its_next_message(
    begin: int, cuts: list[int]
) -> None:
    """Wherever in a message that is, however the rest is cut."""
    edges = [begin, *sorted(cut for cut in cuts if cut > begin), len(STREAM)]
    streams = Streams()
    found = heard(streams, [(77 + a, ACK, STREAM[a:b]) for a, b in pairwise(edges)])
    begins = [sum(len(message) + 2 for message in MESSAGES[:n]) for n in range(len(MESSAGES))]
    assert found == [one for one, at in zip(MESSAGES, begins, strict=True) if at >= begin]


@given(st.sampled_from(range(1, len(MESSAGES))), st.booleans())
def test_what_follows_a_gap_is_read(missing: int, is_told: bool) -> None:
    """A message that never came takes none of the others with it, and is counted."""
    segments, at = [], 1
    for number, message in enumerate(MESSAGES):
        if number != missing:
            segments.append((at, ACK, len(message).to_bytes(2, "big") + message))
        at += 2 + len(message)
    streams = Streams()
    found = heard(streams, [(0, SYN, b""), *segments, *[(at, FIN | ACK, b"")] * is_told])
    found += [message for _, _, message in streams.close()]
    assert found == [one for number, one in enumerate(MESSAGES) if number != missing]
    assert streams.broken == (missing != len(MESSAGES) - 1)


def test_what_is_missing_is_waited_for() -> None:
    """For some seconds of the capture; messages behind it are of the time when they came."""
    part = len(MESSAGES[0]) + 2
    for passed, count in ((WAIT, 0), (WAIT + 1, len(MESSAGES) - 1)):
        streams = Streams()
        heard(streams, [(0, SYN, b"")])
        assert list(streams.add(b"k", 1 + part, ACK, STREAM[part:], 5.0)) == []
        assert streams.oldest == 5.0
        found = list(streams.expire(5.0 + passed))
        assert [(key, at) for key, at, _ in found] == [(b"k", 5.0)] * count
        assert list(streams.expire(99.0)) == [] if count else True


def test_what_is_no_message_is_passed_over() -> None:
    """Lengths that none can have, and other protocols on the port."""
    noise = b"GET / HTTP/1.1\r\n\0\1\0\1\r\n\0\5hello"
    assert heard(Streams(), [(0, ACK, noise + STREAM)]) == MESSAGES
    assert heard(Streams(), [(0, SYN, b""), (1, ACK, b"\0\4junk" + STREAM)]) == MESSAGES


def test_a_new_connection_from_the_same_port_is_another_stream() -> None:
    """A SYN begins anew, whatever waited."""
    streams = Streams()
    heard(streams, [(0, SYN, b""), (1, ACK, STREAM[:20])])
    assert heard(streams, [(500, SYN, b""), (501, ACK, STREAM)]) == MESSAGES
    assert streams.broken == 1


def test_memory_is_bounded() -> None:
    """Too much that came early, and too many streams, are given up."""
    for size, count in ((1000, EARLY // 1000 + 1), (1, SEGMENTS + 1)):
        streams = Streams()
        heard(streams, [(0, SYN, b"")])
        for n in range(count):
            list(streams.add(b"k", 10 + 2 * n * size, ACK, bytes(size), 0.0))
        assert streams.oldest == inf
        assert list(streams.close()) == []
        assert streams.broken == 1
    for n in range(STREAMS + 5):
        list(streams.add(b"%d" % n, 0, SYN, b"\0", 0.0))
    assert streams.broken == 6
