"""Means with their confidence intervals."""

import numpy as np
import pytest

from dnswatch.lab.campus.compare.interval import interval


def test_an_interval_never_leaves_the_range_of_what_was_seen() -> None:
    """A share of 0 at one seed and of 60 at the other is nowhere below 0."""
    found = interval([0.0, 60.0])
    assert found is not None
    assert found == (30.0, 0.0, 60.0)
    assert found.text() == "30.0 (0.0 to 60.0)"


def test_of_many_values_it_is_as_wide_as_students() -> None:
    """The numbers 1 to 20: mean 10.5, standard error 1.32, t of 19 degrees of freedom 2.093."""
    found = interval(range(1, 21))
    assert found is not None
    assert found.mean == 10.5
    assert found.low == pytest.approx(10.5 - 2.093 * 1.323, abs=0.2)
    assert found.high == pytest.approx(10.5 + 2.093 * 1.323, abs=0.2)
    assert interval(range(1, 21)) == found


def test_it_covers_the_mean_as_often_as_it_says() -> None:
    """Of 400 samples of twenty skewed values, 93 to 97 % of the intervals hold their true mean."""
    numbers = np.random.default_rng(1)
    found = [interval(numbers.gamma(2.0, 0.5, 20)) for _ in range(400)]
    held = sum(one is not None and one.low <= 1 <= one.high for one in found)
    assert 0.92 * 400 <= held <= 0.97 * 400


def test_one_value_has_no_interval_and_none_is_none() -> None:
    """Nothing is said of a spread that nobody saw."""
    one = interval([5.0])
    assert one is not None
    assert one.text() == "5.0"
    assert interval([]) is None
    same = interval([3.0] * 40)
    assert same is not None
    assert same.text() == "3.0"
