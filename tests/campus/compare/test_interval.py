"""Means with their confidence intervals."""

import pytest

from dnswatch.campus.compare.interval import interval


def test_an_interval_is_students() -> None:
    """1, 2, 3: mean 2, standard error 0.577, t of 2 degrees of freedom 4.303."""
    found = interval([1, 2, 3])
    assert found is not None
    assert found.mean == 2
    assert found.half == pytest.approx(4.303 * 0.57735, rel=1e-4)
    assert found.text(" %") == "2.0 ± 2.5 %"


def test_one_value_has_no_interval_and_none_is_none() -> None:
    """Nothing is said of a spread that nobody saw."""
    one = interval([5.0])
    assert one is not None
    assert one.text() == "5.0"
    assert interval([]) is None
    same = interval([3.0] * 40)
    assert same is not None
    assert same.text() == "3.0"
