"""The tables say what the runs say."""

import pytest

from dnswatch.lab.campus.compare.judges import defence
from dnswatch.lab.campus.compare.results import Results
from dnswatch.lab.campus.compare.table import duration, tables
from tests.lab.campus.compare.lines import LINES

CHOSEN = [defence("nothing"), defence("quarantine")]


def table(title: str) -> str:
    """Return the table that begins with a title."""
    (found,) = [one for one in tables(Results(LINES, CHOSEN)) if one.title.startswith(title)]
    return found.markdown()


def test_what_escapes_is_told_by_what_left_with_nothing() -> None:
    """10 % at one seed and 20 % at the other are 15 % in the mean."""
    assert "| quarantine | 15.0 (10.0 to 20.0) |" in table("Worm mail")


def test_the_load_is_told_by_that_of_everybody_else() -> None:
    """200 questions of infected hosts beside 1,000 others."""
    assert "| nothing | 20.0 |" in table("Extra DNS load")


def test_waits_are_told_as_a_distribution() -> None:
    """Of the mails that waited: the middle one, the longest of 95 %, the longest."""
    row = next(line for line in table("What people wait").splitlines() if "| quarantine" in line)
    assert row.startswith("| quarantine | 2.0 (0.0 to 4.0) | 10 s | 10 s | 30 s |")


def test_mails_of_declared_servers_are_counted() -> None:
    """How many were touched, of how many."""
    assert "| 0 of 140 |" in table("What it costs")


def test_verdicts_are_told_in_domains_and_time() -> None:
    """5 domains and 2 minutes in the median, for two of three hosts."""
    assert "5; 2.0 min; 67 %" in table("Mail domains")


@pytest.mark.parametrize(
    ("seconds", "text"), [(20, "20 s"), (600, "10.0 min"), (9000, "2.5 h"), (259200, "3.0 d")]
)
def test_durations_are_written_in_the_unit_that_fits(seconds: float, text: str) -> None:
    """As a person says them."""
    assert duration(seconds) == text
