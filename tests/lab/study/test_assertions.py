"""The assertions: all of the paper's, with ranges that hold its own numbers."""

import pytest

from dnswatch.lab.study.assertions import ASSERTIONS, PaperWorm, about, above, below, between


def test_all_assertions_are_there() -> None:
    """A1 to A16 each have at least one number; A17 is that of two traces."""
    assert {assertion.name for assertion in ASSERTIONS} == {f"A{n}" for n in range(1, 17)}


def test_statements_are_told_apart() -> None:
    """No two numbers of one outbreak have the same words."""
    for worm in PaperWorm:
        said = [
            (one.name, one.statement)
            for one in ASSERTIONS
            if not isinstance(one.ranges, dict) or worm in one.ranges
        ]
        assert len(said) == len(set(said))


@pytest.mark.parametrize(
    ("meant", "inside", "outside", "said"),
    [
        (about(2000), (1701, 2299), (1699, 2301), "2,000 ±15%"),
        (between(0.4, 0.55), (0.4, 0.55), (0.39, 0.56), "40% to 55%"),
        (below(0.5), (0, 0.5), (0.51,), "below 0.50"),
        (above(1.3), (1.3, 9), (1.29,), "above 1.30"),
    ],
)
def test_ranges_have_two_sides(
    meant: object, inside: tuple[float, ...], outside: tuple[float, ...], said: str
) -> None:
    """A range says what it holds, and holds that."""
    from dnswatch.lab.study.assertions import PaperRange

    assert isinstance(meant, PaperRange)
    assert meant.said == said
    assert all(meant.holds(value) for value in inside)
    assert not any(meant.holds(value) for value in outside)
