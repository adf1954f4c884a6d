"""States of entries: whatever is told in whichever order, the last of each life is true."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.groups import packed
from dnswatch.model.states import EntryStates, State

ADDRESSES = [bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)), bytes(16), bytes(15) + b"\1"]
counts = st.integers(0, 300)
moments = st.sampled_from([0.0, 1.8e9])
states = st.tuples(st.sampled_from(ADDRESSES), moments, st.floats(0, 4e9), counts, counts)
tellings = st.lists(states, max_size=30)


def told(states: list[State]) -> EntryStates:
    found = EntryStates()
    for address, first_seen, expiry, refreshes, hits in states:
        found.add(address, packed((first_seen, expiry, refreshes, hits)))
    return found


def by_address(states: list[State]) -> list[list[State]]:
    """Divide what was told: order counts for each address alone."""
    return [[state for state in states if state[0] == address] for address in ADDRESSES]


@given(tellings, tellings)
def test_what_was_told_comes_back(earlier: list[State], later: list[State]) -> None:
    """All states come back in order, whether told at once, joined, or read from their bytes."""
    joined = told(earlier)
    joined.extend(told(later))
    assert by_address(list(joined)) == by_address([*earlier, *later])
    assert len(joined) == len(earlier) + len(later)
    assert list(EntryStates((width, bytes(part)) for width, part in joined.parts())) == list(joined)


@given(tellings)
def test_the_last_state_of_each_life_is_kept(states: list[State]) -> None:
    """Tidied, there is one state of each life, the last that was told, and no life is missing."""
    tidied = told(states)
    tidied.tidy()
    assert {state[:2]: state for state in tidied} == {state[:2]: state for state in states}
    assert len(tidied) == len({state[:2] for state in states})
    assert tidied == told(states)
    last = {state[0]: state for state in states}
    assert {
        address: (entry.first_seen, entry.expiry, entry.refreshes, entry.hits)
        for address, entry in told(states).last().items()
    } == {address: tuple(state[1:]) for address, state in last.items()}


@given(tellings, st.integers(0, 6))
def test_what_ends_first_goes_first(states: list[State], limit: int) -> None:
    """At the bound lives go by their ends, those alone count as lost, and the rest is as it was."""
    trimmed, whole = told(states), told(states)
    whole.tidy()
    ends = sorted(state[2] for state in whole)
    lost = trimmed.trim(limit)
    assert lost == max(0, len(whole) - limit)
    if len(states) > limit:
        assert sorted(state[2] for state in trimmed) == ends[lost:]
    else:
        assert list(trimmed) == list(told(states))
