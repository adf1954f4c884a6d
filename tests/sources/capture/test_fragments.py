"""Fragments: packets are put together, or given up and counted."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.sources.capture.fragments import PACKETS, PARTS, PATIENCE, Fragments, Stump

WHOLE = bytes(range(256)) * 4
PIECES = [(at, at + 128 == len(WHOLE), WHOLE[at : at + 128]) for at in range(0, len(WHOLE), 128)]


@given(st.permutations(PIECES), st.sampled_from(PIECES))
def test_parts_may_come_in_any_order_and_twice(
    parts: list[tuple[int, bool, bytes]], again: tuple[int, bool, bytes]
) -> None:
    """The packet is whole with its last missing part, and not before."""
    fragments = Fragments()
    found = [fragments.add(b"p", *part, 0.0) for part in [again, *parts]]
    assert [whole for whole in found if whole] == [WHOLE]
    fragments.close()
    assert fragments.lost <= 1


def test_packets_are_kept_apart() -> None:
    """Parts of two packets are not mixed up."""
    fragments = Fragments()
    assert fragments.add(b"a", 0, False, b"12345678", 0.0) is None
    assert fragments.add(b"b", 8, True, b"x", 0.0) is None
    assert fragments.add(b"a", 8, True, b"9", 0.0) == b"123456789"


def test_what_never_becomes_whole_is_counted() -> None:
    """A packet is given up after a while, or at the end; what there is of its beginning is told."""
    fragments = Fragments()
    fragments.add(b"a", 0, False, bytes(8), 0.0)
    fragments.add(b"b", 0, False, bytes(8), PATIENCE + 1)
    assert fragments.lost == 1
    assert fragments.stumps == [Stump(b"a", 0.0, bytes(8))]
    assert fragments.oldest == PATIENCE + 1
    assert fragments.add(b"a", 8, True, bytes(8), PATIENCE + 1) is None
    fragments.close()
    assert fragments.lost == 3
    assert [stump.packet for stump in fragments.stumps] == [b"a", b"b"]


def test_memory_is_bounded() -> None:
    """Of too many packets the oldest goes."""
    fragments = Fragments()
    for n in range(PACKETS + 10):
        fragments.add(b"%d" % n, 0, False, bytes(8), 0.0)
    assert fragments.lost == 10
    assert fragments.add(b"last", 65528, True, bytes(80), 0.0) is None
    for n in range(8000):
        assert fragments.add(b"tiny", 65_000 - 8 * n, n == 0, bytes(8), 0.0) is None
    before = fragments.lost
    fragments.close()
    assert fragments.lost - before < PACKETS + PARTS
