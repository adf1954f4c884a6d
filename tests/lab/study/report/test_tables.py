"""Tables: the same numbers for page, CSV and JSON."""

import json
from pathlib import Path

import pytest

from dnswatch.errors import DnswatchError
from dnswatch.lab.study.paper.figures import FIGURES
from dnswatch.lab.study.paper.findings import findings
from dnswatch.lab.study.report import tables
from tests.lab.study.sample import outbreak


def test_a_figure_has_a_row_for_each_bin() -> None:
    """Number, date and the value of each curve."""
    rows = list(tables.of_figure(FIGURES[0], outbreak()))
    assert rows[2] == (2, "2003-08-07", 4000, 0, 2000, 1000)
    assert len(rows) == 4


def test_groups_name_their_hosts() -> None:
    """A group is listed while it is small."""
    assert ("infected", 2, "10.0.0.1, 10.0.0.2") in list(tables.of_groups(outbreak()))


def test_csv_is_written(tmp_path: Path) -> None:
    """A CSV has a header; where it cannot be written, a sentence says so."""
    path = tmp_path / "cache.csv"
    tables.write_csv(path, ("bin", "begin", "new", "refresh", "hit"), tables.of_cache(outbreak()))
    assert path.read_text().splitlines()[:2] == ["bin,begin,new,refresh,hit", "0,2003-08-05,7,3,1"]
    with pytest.raises(DnswatchError, match="cannot write"):
        tables.write_csv(tmp_path / "absent" / "x.csv", ("a",), iter([]))


def test_json_tells_traces_and_assertions() -> None:
    """Programs get the groups, the outbreak and each verdict."""
    sobig = outbreak()
    told = json.loads(json.dumps(tables.as_json([sobig], findings([sobig]))))
    [trace] = told["traces"]
    assert trace["infected"] == ["10.0.0.1", "10.0.0.2"]
    assert trace["outbreak"] == {"day": 2, "source": "as named"}
    assert trace["site_cache"] == {"new": 28, "refresh": 12, "hit": 4}
    assert set(trace["translations_by_window"]) == {"1 s", "5 s", "10 s", "60 s", "600 s", "TTL"}
    peak = next(one for one in told["assertions"] if one["assertion"] == "A5")
    assert (peak["ours"], peak["verdict"], peak["why"]) == (2000, "holds", None)
