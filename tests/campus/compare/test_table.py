"""The tables say what the runs say."""

import pytest

from dnswatch.campus.compare.catalogue import defence
from dnswatch.campus.compare.table import Results, duration, tables
from tests.campus.compare.lines import LINES

CHOSEN = [defence("nothing"), defence("quarantine")]


def test_what_escapes_is_told_by_what_left_with_nothing() -> None:
    """10 % at one seed and 20 % at the other are 15 % in the mean."""
    results = Results(LINES, CHOSEN)
    found = results.mean("quarantine", "slow", results.escaped)
    assert found is not None
    assert found.mean == pytest.approx(15)
    assert "| quarantine | 15.0 ±" in tables(results)[0].markdown()


def test_false_verdicts_are_told_by_the_month() -> None:
    """One of a thousand clients in fifteen days at one of two seeds: one a month in the mean."""
    found = Results(LINES, CHOSEN).false("dnswatch")
    assert found is not None
    assert found.mean == pytest.approx(1)


def test_without_an_undefended_run_nothing_is_compared() -> None:
    """A share of nothing is left empty."""
    results = Results([line for line in LINES if getattr(line, "defence", "") != "nothing"], CHOSEN)
    assert results.mean("quarantine", "slow", results.escaped) is None
    assert len(tables(results)) == 4


def test_verdicts_are_told_in_domains_and_time() -> None:
    """5 domains and 2 minutes in the median, for two of three hosts."""
    assert "5, 2.0 min, 67 %" in tables(Results(LINES, CHOSEN))[3].markdown()


@pytest.mark.parametrize(
    ("seconds", "text"), [(20, "20 s"), (600, "10.0 min"), (9000, "2.5 h"), (259200, "3.0 d")]
)
def test_durations_are_written_in_the_unit_that_fits(seconds: float, text: str) -> None:
    """As a person says them."""
    assert duration(seconds) == text
