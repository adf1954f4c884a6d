"""Batches and briefings survive the way between processes."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dnswatch.model.exchanges import LookupKind
from dnswatch.model.observation import Observation, Origin, Tally
from dnswatch.model.policies.mark import Action, Terms
from dnswatch.seams.batch import (
    MAX_MESSAGE,
    PART,
    Batch,
    Briefing,
    HealthReport,
    Lessons,
    Mark,
    Marks,
    brief,
    decode,
    decode_briefing,
    encode,
    encode_briefing,
)

names = st.binary(min_size=1, max_size=255)
packed = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16))
clients = st.one_of(st.none(), packed)
numbers = st.integers(0, 65535)
times = st.floats(0, 1e10)
observations = st.builds(
    Observation,
    times,
    clients,
    names,
    numbers,
    st.integers(0, 4095),
    st.sampled_from(Origin),
    st.lists(st.tuples(packed, st.integers(0, 2**31 - 1)), max_size=4).map(tuple),
    st.lists(names, max_size=3).map(tuple),
    st.integers(0, 2**31 - 1),
    st.booleans(),
    st.booleans(),
)
tallies = st.builds(
    Tally, clients, numbers, st.integers(0, 4095), numbers, st.booleans(), st.integers(1, 10**9)
)
batches = st.builds(
    Batch,
    times,
    st.lists(observations, max_size=5).map(lambda seen: sorted(seen, key=lambda one: one.at)),
    st.lists(tallies, max_size=5),
    st.dictionaries(st.text(max_size=9), st.integers(0, 10**9)),
    st.lists(st.builds(HealthReport, st.text(max_size=9), st.booleans(), times, numbers, numbers)),
)
lessons = st.builds(
    Lessons, st.lists(st.tuples(names, times, names)), st.lists(st.tuples(names, times))
)
terms = st.builds(Terms, times, times, times, times, st.booleans(), times, st.booleans())
marks = st.builds(
    Mark,
    packed,
    st.text(max_size=9),
    st.sampled_from(Action),
    terms,
    st.lists(st.sampled_from(LookupKind), max_size=4).map(tuple),
    times,
    st.booleans(),
)
all_marks = st.builds(
    Marks, st.lists(marks, max_size=3), st.lists(packed, max_size=3), st.booleans()
)


@given(batches)
def test_a_batch_arrives_as_it_was_sent(batch: Batch) -> None:
    """What a worker saw is what the watch reads."""
    assert [decode(message) for message in encode(batch)] == [batch]


@given(st.builds(Briefing, lessons, st.one_of(st.none(), all_marks)))
def test_a_briefing_arrives_as_it_was_sent(briefing: Briefing) -> None:
    """What the watch tells is what a worker hears."""
    assert decode_briefing(encode_briefing(briefing)) == briefing


@settings(max_examples=20)
@given(st.integers(0, 2 * PART + 1), st.integers(0, 2 * PART + 1), st.booleans())
def test_much_is_told_in_parts(many: int, few: int, whole: bool) -> None:
    """No briefing is too long for the socket; one client's marks stay together; `whole` is first.

    If it came later, it would take away what was told before.
    """
    mark = Mark(b"", "delay", Action.DELAY, Terms(), tuple(LookupKind), 1e10)
    clients = [n.to_bytes(4, "big") for n in range(many)]
    marks = [
        replace(mark, client=client, dry_run=dry) for client in clients for dry in (True, False)
    ]
    told = Marks(marks, [n.to_bytes(16, "big") for n in range(few)], whole)
    names = [(b"\x3f" + b"a" * 63 + b"\0", 5.0, b"\1a\0")] * many
    parts = list(brief(Lessons(names, []), told))
    assert all(len(encode_briefing(part)) <= MAX_MESSAGE for part in parts)
    assert [name for part in parts for name in part.lessons.exchanges] == names
    news = [part.marks for part in parts if part.marks is not None]
    assert [mark for part in news for mark in part.marks] == marks
    assert [client for part in news for client in part.unmarked] == told.unmarked
    assert [part.whole for part in news[1:]] == [False] * len(news[1:])
    assert any(part.whole for part in news) == (whole and bool(news))
    assert bool(news) == bool(marks or told.unmarked or whole)


def test_nothing_to_tell_is_not_said() -> None:
    """A batch without mail-related lookups costs the other workers nothing."""
    assert list(brief(Lessons())) == []


@settings(max_examples=20)
@given(st.integers(0, 3000), st.integers(0, 6000))
def test_a_long_batch_is_sent_in_parts(seen: int, counted: int) -> None:
    """No message is too long for the socket; nothing is lost, doubled, or out of order."""
    batch = Batch(
        3000.0,
        [
            Observation(float(n), b"\xc0\0\2\1", b"\x3f" + b"a" * 63 + b"\0", 1, 0, Origin.UPSTREAM)
            for n in range(seen)
        ],
        [Tally(n.to_bytes(4, "big"), 1, 0, 2, False, n) for n in range(counted)],
        {"mismatch": 1},
        [HealthReport("udp://192.0.2.53", True, 0.1, 5, 0)],
    )
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
    for read in (decode, decode_briefing):
        try:
            read(noise)
        except ValueError:
            continue


def test_a_cut_message_is_refused() -> None:
    """A message that lost its end is no batch."""
    [message] = encode(Batch(1.0))
    with pytest.raises(ValueError, match="truncated"):
        decode(message[:-1])
