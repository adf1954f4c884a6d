"""Rendering: bars on a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.cli.render import sparkline


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_a_bar_stands_for_each_count(counts: list[int]) -> None:
    """Nothing is a space, anything is a bar, and the most is the highest bar."""
    line = sparkline(counts)
    assert len(line) == len(counts)
    assert [bar == " " for bar in line] == [count == 0 for count in counts]
    if any(counts):
        assert line[counts.index(max(counts))] == "█"


def test_neighbours_are_added_up() -> None:
    """Where a bar stands for several counts it shows their sum."""
    assert sparkline([1, 1, 4, 0, 0, 0, 2], step=2) == "▄█ ▄"
