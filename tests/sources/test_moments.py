"""Moments: a wrong time is nobody's, and carries nothing else away."""

from math import inf, nan

import pytest

from dnswatch.sources.moments import LATEST, LEAP, believed, is_possible
from tests.sources.packets import NOON


@pytest.mark.parametrize("at", [-1.0, 0.0, LATEST, NOON * 1000, inf, -inf, nan])
def test_no_recording_is_of_such_a_time(at: float) -> None:
    """Before 1970 or at its first moment, after 2099, in another unit, or no number at all."""
    assert not is_possible(at)
    assert is_possible(0.5)
    assert is_possible(NOON)


@pytest.mark.parametrize(
    ("times", "strays"),
    [
        ([0, 1, LEAP * 9, 2, 3], [LEAP * 9]),  # one alone in the future
        ([LEAP * 9, 0, 1], [LEAP * 9]),  # at the beginning
        ([0, 1, LEAP * 9, LEAP * 9 + 1], []),  # a gap of years
        ([0, 1, -LEAP * 9, 2], []),  # what is late carries nothing away
        ([0, 1, LEAP * 9], []),  # nothing speaks against it
        ([0, LATEST, 1], [LATEST]),
    ],
)
def test_one_time_alone_is_not_followed(times: list[float], strays: list[float]) -> None:
    """A moment that is years ahead of those on both sides is a fault, a gap of years is none."""
    found: list[float] = []
    moments = [NOON + at if abs(at) < LATEST else at for at in times]
    kept = list(believed(moments, float, NOON, found.append))
    assert found == [NOON + at if abs(at) < LATEST else at for at in strays]
    assert kept == [at for at in moments if at not in found]
