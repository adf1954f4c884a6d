"""The results of all runs, as means over seeds."""

import pytest

from dnswatch.lab.campus.compare.catalogue import defence
from dnswatch.lab.campus.compare.measure import Honest
from dnswatch.lab.campus.compare.results import Results
from dnswatch.lab.campus.compare.table import tables
from tests.lab.campus.compare.lines import LINES

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
