"""States of entries: whatever is told in whichever order, the last of each life is true."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.groups import Record, packed
from dnswatch.model.states import EntryStates

ADDRESSES = [bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)), bytes(16), bytes(15) + b"\1"]
records = st.tuples(
    st.sampled_from([0.0, 1.8e9]), st.floats(0, 4e9), st.integers(0, 300), st.integers(0, 300)
)
tellings = st.lists(st.tuples(st.sampled_from(ADDRESSES), records), max_size=30)


def states_of(told: list[tuple[bytes, Record]]) -> EntryStates:
    states = EntryStates()
    for address, record in told:
        states.add(address, packed(record))
    return states


def by_address(told: list[tuple[bytes, Record]]) -> list[list[tuple[bytes, Record]]]:
    """Divide what was told: order counts for each address alone."""
    return [[state for state in told if state[0] == address] for address in ADDRESSES]


@given(tellings, tellings)
def test_what_was_told_comes_back(
    earlier: list[tuple[bytes, Record]], later: list[tuple[bytes, Record]]
) -> None:
    """All states come back in order, whether told at once, joined, or read from their bytes."""
    joined = states_of(earlier)
    joined.extend(states_of(later))
    assert by_address(list(joined)) == by_address([*earlier, *later])
    assert len(joined) == len(earlier) + len(later)
    read = EntryStates((width, bytes(states)) for width, states in joined.parts())
    assert list(read) == list(joined)


@given(tellings)
def test_the_last_state_of_each_life_is_kept(told: list[tuple[bytes, Record]]) -> None:
    """Tidied, there is one state of each life, the last that was told, and no life is missing."""
    states = states_of(told)
    last = states.last()
    states.tidy()
    lives = {(address, record[0]): record for address, record in told}
    assert {(address, record[0]): record for address, record in states} == lives
    assert len(states) == len(lives)
    last_of_all = dict(told)
    assert {address: entry.expiry for address, entry in last.items()} == {
        address: record[1] for address, record in last_of_all.items()
    }
    assert states == states_of(told)


@given(tellings, st.integers(0, 6))
def test_what_ends_first_goes_first(told: list[tuple[bytes, Record]], limit: int) -> None:
    """At the bound lives go by their ends, those alone count as lost, and the rest is as it was."""
    states, whole = states_of(told), states_of(told)
    whole.tidy()
    ends = sorted(record[1] for _, record in whole)
    lost = states.trim(limit)
    assert len(states) <= limit or not lost
    assert lost == (max(0, len(whole) - limit))
    if len(told) > limit:
        assert sorted(record[1] for _, record in states) == ends[lost:]
    else:
        assert list(states) == list(states_of(told))
