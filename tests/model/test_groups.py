"""A table of addresses does what a dict does, in less memory."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.groups import MOST, Groups, Record, packed, unpacked

# Of few different bytes, so that an address is also found across two others, and within a record.
addresses = st.sampled_from([4, 16]).flatmap(
    lambda length: st.lists(st.sampled_from([0, 1]), min_size=length, max_size=length).map(bytes)
)
moments = st.sampled_from([0.0, 1.5, 1.8e9])
records = st.tuples(moments, moments, st.integers(0, 257), st.integers(0, 1))


@given(
    st.lists(st.tuples(addresses, st.none() | records), max_size=60),
    st.sampled_from([1, 100, 1_000_000]),
)
def test_it_holds_what_a_dict_holds(steps: list[tuple[bytes, Record | None]], limit: int) -> None:
    """Whatever is added, put off and taken away, each address has the record it should have."""
    groups, plain = Groups(limit), dict[bytes, Record]()
    for address, record in steps:
        assert groups.get(address) == plain.get(address)
        if record is None:
            if gone := plain.pop(address, None):
                assert unpacked(groups.remove(address)) == gone
            continue
        _, until, first, second = record
        assert groups.put_off(address, until, first, second) == (address in plain)
        if address in plain:
            begin, end, one, other = plain[address]
            plain[address] = begin, max(end, until), one + first, other + second
        else:
            groups.add(address, packed(record))
            plain[address] = record
        assert len(groups) == len(plain)
    assert {address: groups.get(address) for address in plain} == plain


def test_counts_stay_at_their_most() -> None:
    """A count that no record holds is told as the largest there is, and nothing fails."""
    groups = Groups(1)
    groups.add(bytes(4), packed((1.0, 0.0, MOST + 5, MOST - 1)))
    assert groups.get(bytes(4)) == (1.0, 0.0, MOST, MOST - 1)
    assert groups.put_off(bytes(4), 0.0, 1, 2)
    assert unpacked(groups.raw(bytes(4))) == (1.0, 0.0, MOST, MOST)


@pytest.mark.parametrize("length", [4, 16])
def test_an_address_takes_little(length: int) -> None:
    """A hundred thousand addresses take less than twice the bytes of their records and names."""
    groups, count = Groups(100_000), 100_000
    for number in range(count):
        groups.add(number.to_bytes(length), packed((1.8e9, 1.8e9, 0, 0)))
    [parts] = groups._groups.values()
    assert sys.getsizeof(parts) + sum(map(sys.getsizeof, parts)) < 2 * (length + 24) * count
