"""Means with their confidence intervals."""

import numpy as np
import pytest

from dnswatch.lab.campus.compare.judges import defence
from dnswatch.lab.campus.compare.measure import Honest
from dnswatch.lab.campus.compare.results import Results, interval
from dnswatch.lab.campus.compare.table import tables
from tests.lab.campus.compare.lines import LINES


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


CHOSEN = [defence("nothing"), defence("quarantine")]


def test_false_verdicts_are_told_by_the_month() -> None:
    """One of a thousand clients in fifteen days at one of two seeds: one a month in the mean."""
    results = Results(LINES, CHOSEN)
    found, hit = results.false("dnswatch"), results.hit("dnswatch")
    assert found is not None
    assert found.mean == pytest.approx(1)
    assert hit is not None
    assert hit.mean == pytest.approx(0.05)
    assert results.false("nobody") is None


def test_where_none_was_seen_as_many_are_possible_as_chance_would_hide() -> None:
    """Half a month of 2,000 clients without one: less than 3 of 1,000 client months."""
    line = Honest(seed=1, judge="dnswatch", clients=2000, days=15.0, verdicts=0, hosts=0)
    found = Results([line], CHOSEN).false("dnswatch")
    assert found == (0.0, 0.0, 3.0)


def test_without_an_undefended_run_nothing_is_compared() -> None:
    """A share of nothing is left empty."""
    results = Results([line for line in LINES if getattr(line, "defence", "") != "nothing"], CHOSEN)
    assert results.mean("quarantine", "slow", results.escaped) is None
    assert len(tables(results)) == 6
