"""The measurement of the campus measures campuses."""

from pathlib import Path

import pytest

from bench.campus.__main__ import main
from bench.campus.life import plan_of

pytestmark = pytest.mark.whole


def test_all_grows_with_the_site() -> None:
    """Ten times the hosts have ten times the mail and ten times the infected."""
    small, large = plan_of(1128, 4), plan_of(11280, 4)
    assert large.mail.outgoing == pytest.approx(10 * small.mail.outgoing)
    assert (small.outbreak.first, large.outbreak.first) == (6, 60)
    assert (large.outbreak.day, large.learning) == (2, 1)


def test_the_table_is_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A campus is lived in a process of its own, and its row stands in the page."""
    page = tmp_path / "page.md"
    page.write_text("<!-- measured: campus -->\n<!-- end of campus -->\n")
    assert main(["40x1", "--page", str(page)]) == 0
    assert "| 40 " in page.read_text()
    assert "MyDoom" in capsys.readouterr().out
