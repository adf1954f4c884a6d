"""Long work says how far it is, whoever looks."""

import pytest

from dnswatch.lab.commands.campus.progress import progress


def test_a_pipe_gets_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    """The first at once, and no bar: a log stays readable, and nobody waits without a word."""
    with progress("days", 40) as tell:
        assert capsys.readouterr().err == "days: 0 of 40\n"
        for day in range(1, 41):
            tell(day)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [f"days: {day} of 40" for day in range(4, 41, 4)]
