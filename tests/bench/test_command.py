"""A benchmark as a command."""

import argparse
from pathlib import Path

import pytest

from bench.command import add_page, ended, put
from bench.errors import BenchError

BLOCK = "<!-- measured: speed -->\nold\n<!-- end of speed -->\n"


def test_a_table_is_printed_and_published_where_that_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--print` leaves the page alone."""
    page = tmp_path / "page.md"
    page.write_text(BLOCK)
    parser = argparse.ArgumentParser()
    add_page(parser, page)
    put(parser.parse_args(["--print"]), "speed", "new")
    assert page.read_text() == BLOCK
    put(parser.parse_args([]), "speed", "new")
    assert "new" in page.read_text()
    assert capsys.readouterr().out == "new\nnew\n"


@pytest.mark.parametrize(
    ("error", "code"), [(BenchError("no dnsperf"), 2), (KeyboardInterrupt(), 130)]
)
def test_what_stops_a_measurement_is_its_exit_code(error: BaseException, code: int) -> None:
    """2 where it cannot be measured, 130 after Ctrl-C, and no traceback."""

    def measure() -> None:
        raise error

    assert ended(measure) == code
    assert ended(lambda: None) == 0
