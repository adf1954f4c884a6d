"""Sizes that repeat."""

from dnswatch.bay.inspection.campaign import Sizes
from tests.bay.inspection.letters import envelope, look


def says(sizes: list[int], to: str = "{}@x.example") -> list[str]:
    """Look at messages of these sizes, each to somebody else."""
    inspector = Sizes(same=5, window=60, now=lambda: 0)
    return [
        look(inspector, envelope(size=size, recipients=(to.format(number),)))[0]
        for number, size in enumerate(sizes)
    ]


def test_one_size_over_and_over_is_suspicious() -> None:
    """A client that sends one size to one after the other, give or take a name, is suspicious."""
    assert says([30_000, 30_012, 29_990, 30_005, 30_020]) == ["clean"] * 4 + ["suspicious"]


def test_persons_messages_have_all_sizes() -> None:
    """A few messages of one size among many others are chance."""
    assert set(says([1000 * (number % 12 + 1) for number in range(100)])) == {"clean"}


def test_retries_have_the_same_size() -> None:
    """A message that comes again, to the same people, counts once."""
    assert set(says([30_000] * 20, to="you@x.example")) == {"clean"}
