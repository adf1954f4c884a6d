"""Progress goes to a terminal's eyes only."""

import pytest

from dnswatch.cli.campus.progress import progress


def test_nothing_is_drawn_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe gets no bar."""
    with progress("days", 3) as tell:
        tell(2)
    assert capsys.readouterr() == ("", "")
