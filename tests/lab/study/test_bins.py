"""Bins: days as people have them, also when the clocks change."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from dnswatch.errors import DnswatchError
from dnswatch.lab.study.bins import DAY, Bins
from dnswatch.lab.study.engine import duckdb

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> float:
    """Turn local time in Berlin into Unix seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("2003-10-24 15:00", "2003-10-28 02:00", [24, 24, 25, 24, 24]),
        ("2004-03-26 15:00", "2004-03-29 02:00", [24, 24, 23, 24]),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight(begin: str, end: str, hours: list[int]) -> None:
    """A day has 23 or 25 hours where the clocks change, and every moment falls into its own."""
    bins = Bins.over(at(begin), at(end), DAY, BERLIN)
    edges = bins.edges
    assert [(b - a) / 3600 for a, b in pairwise(edges)] == hours
    assert all(bins.local(number).hour == 0 for number in range(len(bins)))
    moments = [edge + offset for edge in edges[:-1] for offset in (0, 1, 3600, 82_799)]
    moments += [edge - 1 for edge in edges[1:]]
    found = number_by_query(bins, moments)
    assert found == [bins.number(moment) for moment in moments]


def number_by_query(bins: Bins, moments: list[int]) -> list[int]:
    """Find the bins of some moments by the expression."""
    with duckdb() as engine:
        table = engine.keep(
            pa.table({"n": range(len(moments)), "at": [moment * 1_000_000 for moment in moments]})
        )
        rows = table.select("n", bin=bins.of(table["at"])).to_pyarrow().to_pylist()
    return [row["bin"] for row in sorted(rows, key=lambda row: row["n"])]


def test_hours_are_equally_long() -> None:
    """Parts of a day are of one length, the clocks notwithstanding."""
    bins = Bins.over(at("2003-10-26 01:30"), at("2003-10-26 12:00"), 3600, BERLIN)
    assert {b - a for a, b in pairwise(bins.edges)} == {3600}
    assert bins.local(0).hour == 1
    assert number_by_query(bins, [int(at("2003-10-26 12:00"))]) == [len(bins) - 1]


def test_weeks_begin_with_the_trace() -> None:
    """Bins may last several days."""
    bins = Bins.over(at("2003-08-05"), at("2003-08-25"), 7 * DAY, BERLIN)
    assert [f"{bins.local(number):%m-%d}" for number in range(len(bins))] == [
        "08-05",
        "08-12",
        "08-19",
    ]


def test_weekends_are_known() -> None:
    """Saturday and Sunday are the weekend of the zone."""
    bins = Bins.over(at("2003-08-05"), at("2003-08-12"), DAY, BERLIN)
    assert [number for number in range(len(bins)) if bins.is_weekend(number)] == [4, 5]


@pytest.mark.parametrize("width", [0, 7000, DAY + 1])
def test_bins_must_fit_into_days(width: int) -> None:
    """Seven thousand seconds are neither a part of a day nor whole days."""
    with pytest.raises(DnswatchError, match="do not fit into days"):
        Bins.over(0, DAY, width, BERLIN)


def test_too_many_bins_are_refused() -> None:
    """A year by the second is more than anybody reads."""
    with pytest.raises(DnswatchError, match="take wider ones"):
        Bins.over(0, 365 * DAY, 1, BERLIN)
