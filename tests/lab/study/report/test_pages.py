"""Pages: one file that holds all, and nothing from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dnswatch.errors import DnswatchError
from dnswatch.lab.study.paper.findings import findings
from dnswatch.lab.study.report import pages
from tests.lab.study.sample import outbreak

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
    pages.write(tmp_path / "report", traces, findings(traces))
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
        pages.write(tmp_path / "report", [outbreak()], [])
