"""The tables in a page of the docs."""

from pathlib import Path

import pytest

from dnswatch.errors import DnswatchError
from dnswatch.lab.campus.compare.catalogue import defence
from dnswatch.lab.campus.compare.page import BEGIN, END, publish
from dnswatch.lab.campus.compare.results import Results
from tests.lab.campus.compare.lines import LINES

RESULTS = Results(LINES, [defence("nothing"), defence("quarantine")])


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    """And the command that makes it stands above."""
    file = tmp_path / "page.md"
    file.write_text(f"before\n{BEGIN}\nearlier tables\n{END}\nafter\n")
    for _ in range(2):
        publish(file, RESULTS, "dnswatch campus compare")
    text = file.read_text()
    assert text.startswith(f"before\n{BEGIN}")
    assert text.endswith(f"{END}\nafter\n")
    assert "earlier tables" not in text
    assert text.count("dnswatch campus compare") == 1


def test_a_page_without_marks_is_left_as_it_is(tmp_path: Path) -> None:
    """The error says what it lacks."""
    file = tmp_path / "page.md"
    file.write_text("nothing\n")
    with pytest.raises(DnswatchError, match="has no place for the tables"):
        publish(file, RESULTS, "x")
    with pytest.raises(DnswatchError, match="cannot read"):
        publish(tmp_path / "absent.md", RESULTS, "x")
