"""Batches and lessons survive the way between processes."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnswatch.model.observation import Observation, Origin, Tally
from dnswatch.seams.batch import (
    MAX_MESSAGE,
    Batch,
    Health,
    Lessons,
    decode,
    decode_lessons,
    encode,
    encode_lessons,
)  # fmt: skip

names = st.binary(min_size=1, max_size=255)
packed = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16))
clients = st.one_of(st.none(), packed)
numbers = st.integers(0, 65535)
times = st.floats(0, 1e10)
observations = st.builds(
    Observation, times, clients, names, numbers, st.integers(0, 4095), st.sampled_from(Origin),
    st.lists(st.tuples(packed, st.integers(0, 2**31 - 1)), max_size=4).map(tuple),
    st.lists(names, max_size=3).map(tuple), st.integers(0, 2**31 - 1), st.booleans(),
    st.booleans(),
)  # fmt: skip
tallies = st.builds(
    Tally, clients, numbers, st.integers(0, 4095), numbers, st.booleans(), st.integers(1, 10**9)
)
batches = st.builds(
    Batch, st.integers(0, 63), times,
    st.lists(observations, max_size=5).map(lambda seen: sorted(seen, key=lambda one: one.at)),
    st.lists(tallies, max_size=5), st.dictionaries(st.text(max_size=9), st.integers(0, 10**9)),
    st.lists(st.builds(Health, st.text(max_size=9), st.booleans(), times, numbers, numbers)),
)  # fmt: skip


@given(batches)
def test_a_batch_arrives_as_it_was_sent(batch: Batch) -> None:
    """What a worker saw is what the watch reads."""
    assert [decode(message) for message in encode(batch)] == [batch]


@given(st.builds(Lessons, st.lists(st.tuples(names, times)), st.lists(st.tuples(names, times))))
def test_lessons_arrive_as_they_were_sent(lessons: Lessons) -> None:
    """What the watch teaches is what a worker learns."""
    assert decode_lessons(encode_lessons(lessons)) == lessons


@settings(max_examples=20)
@given(st.integers(0, 3000), st.integers(0, 6000))
def test_a_long_batch_is_sent_in_parts(seen: int, counted: int) -> None:
    """No message is too long for the socket; nothing is lost, doubled, or out of order."""
    batch = Batch(
        3, 3000.0,
        [Observation(float(n), b"\xc0\0\2\1", b"\x3f" + b"a" * 63 + b"\0", 1, 0, Origin.UPSTREAM)
         for n in range(seen)],
        [Tally(n.to_bytes(4, "big"), 1, 0, 2, False, n) for n in range(counted)],
        {"mismatch": 1}, [Health("udp://192.0.2.53", True, 0.1, 5, 0)],
    )  # fmt: skip
    messages = list(encode(batch))
    parts = [decode(message) for message in messages]
    assert all(len(message) <= MAX_MESSAGE for message in messages)
    assert [one for part in parts for one in part.observations] == batch.observations
    assert [one for part in parts for one in part.tallies] == batch.tallies
    assert sum(part.counters.get("mismatch", 0) for part in parts) == 1
    assert sum(len(part.health) for part in parts) == 1
    for part, later in pairwise(parts):
        assert all(part.until <= one.at for one in later.observations)
    assert parts[-1].until == batch.until


@given(st.binary(max_size=200))
def test_anything_else_is_refused(noise: bytes) -> None:
    """Bytes that are no message raise `ValueError` and nothing else."""
    for read in (decode, decode_lessons):
        try:
            read(noise)
        except ValueError:
            continue


def test_a_cut_message_is_refused() -> None:
    """A message that lost its end is no batch."""
    [message] = encode(Batch(0, 1.0))
    with pytest.raises(ValueError, match="truncated"):
        decode(message[:-1])
