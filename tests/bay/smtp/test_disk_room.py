"""Bytes of the disk that are promised to messages on their way in."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.smtp.limits import STEP, Room


@given(
    st.integers(0, 10_000_000),
    st.integers(0, 10_000_000),
    st.lists(st.tuples(st.integers(0, 3_000_000), st.lists(st.integers(0, 400_000), max_size=9))),
)
def test_what_is_kept_free_stays_free(
    disk: int, kept: int, messages: list[tuple[int, list[int]]]
) -> None:
    """Whatever messages declare and bring, in turns: no byte is written that has no room."""
    written = 0
    room = Room(lambda: disk - written, kept)
    claims = [(room.claim(size), pieces) for size, pieces in messages]
    for turn in range(9):
        for claim, pieces in claims:
            if claim.is_granted and turn < len(pieces) and claim.write(pieces[turn]):
                written += pieces[turn]
                assert disk - written >= kept
    for claim, _ in claims:
        claim.release()
    room_left = disk - written - kept
    assert room.claim(max(0, room_left)).is_granted == (room_left >= 0)


def test_a_claim_grows_in_steps() -> None:
    """A look at the disk for each line would cost more than the line."""
    looks: list[None] = []
    room = Room(lambda: looks.append(None) or 1 << 40, 0)  # type: ignore[func-returns-value]
    claim = room.claim(0)
    for _ in range(STEP // 1000):
        assert claim.write(1000)
    assert len(looks) == 2
