"""Tables: the same numbers for page, CSV and JSON."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dnswatch.errors import DnswatchError
from dnswatch.lab.study import report
from dnswatch.lab.study.figures import FIGURES
from dnswatch.lab.study.findings import findings
from tests.lab.study.sample import outbreak


def test_a_figure_has_a_row_for_each_bin() -> None:
    """Number, date and the value of each curve."""
    rows = list(report.of_figure(FIGURES[0], outbreak()))
    assert rows[2] == (2, "2003-08-07", 4000, 0, 2000, 1000)
    assert len(rows) == 4


def test_groups_name_their_hosts() -> None:
    """A group is listed while it is small."""
    assert ("infected", 2, "10.0.0.1, 10.0.0.2") in list(report.of_groups(outbreak()))


def test_csv_is_written(tmp_path: Path) -> None:
    """A CSV has a header; where it cannot be written, a sentence says so."""
    path = tmp_path / "cache.csv"
    report.write_csv(path, ("bin", "begin", "new", "refresh", "hit"), report.of_cache(outbreak()))
    assert path.read_text().splitlines()[:2] == ["bin,begin,new,refresh,hit", "0,2003-08-05,7,3,1"]
    with pytest.raises(DnswatchError, match="cannot write"):
        report.write_csv(tmp_path / "absent" / "x.csv", ("a",), iter([]))


def test_json_tells_traces_and_assertions() -> None:
    """Programs get the groups, the outbreak and each verdict."""
    sobig = outbreak()
    told = json.loads(json.dumps(report.as_json([sobig], findings([sobig]))))
    [trace] = told["traces"]
    assert trace["infected"] == ["10.0.0.1", "10.0.0.2"]
    assert trace["outbreak"] == {"day": 2, "source": "as named"}
    assert trace["site_cache"] == {"new": 28, "refresh": 12, "hit": 4}
    assert set(trace["translations_by_window"]) == {"1 s", "5 s", "10 s", "60 s", "600 s", "TTL"}
    peak = next(one for one in told["assertions"] if one["assertion"] == "A5")
    assert (peak["ours"], peak["verdict"], peak["why"]) == (2000, "holds", None)


_VOID = {"meta", "link", "br"}


class Nesting(HTMLParser):
    """Looks whether what is opened is closed, in order; collects ids and links."""

    def __init__(self) -> None:
        """Begin with nothing open."""
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        if tag not in _VOID:
            self.open.append(tag)
        self.note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element that closes itself."""
        self.note(attrs)

    def note(self, attrs: list[tuple[str, str | None]]) -> None:
        """Keep ids and links."""
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        assert self.open.pop() == tag


def test_a_report_is_whole(tmp_path: Path) -> None:
    """The page is well nested, has each id once, and links only to files beside it."""
    traces = [outbreak(), outbreak("mydoom")]
    report.write(tmp_path / "report", traces, findings(traces))
    text = (tmp_path / "report" / "index.html").read_text()
    page = Nesting()
    page.feed(text)
    assert not page.open
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (tmp_path / "report" / link).is_file(), link
    assert not re.search(r"(?:src|href)=\"https?:", text)
    for number in range(1, 12):
        for ending in ("png", "svg", "csv"):
            assert (tmp_path / "report" / f"figure-{number:02}.{ending}").stat().st_size > 100
    assert "A remark with &lt;odd&gt; letters &amp; a $ign." in text


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file where the directory should be is named."""
    (tmp_path / "report").write_text("")
    with pytest.raises(DnswatchError, match=r"cannot write to .*report"):
        report.write(tmp_path / "report", [outbreak()], [])
