"""`dnswatch campus compare` writes a report, and goes on where it ended."""

from pathlib import Path

from typer.testing import CliRunner

from dnswatch.cli import app
from dnswatch.lab.campus.compare.report import BEGIN, END
from tests.lab.campus.scene import SMALL


def test_a_comparison_leaves_report_and_table(tmp_path: Path) -> None:
    """The second time nothing is left to be done, and the report is written again."""
    file, page = tmp_path / "plan.toml", tmp_path / "page.md"
    file.write_text(SMALL)
    page.write_text(f"{BEGIN}\n{END}\n")
    arguments = [
        "campus",
        "compare",
        "--seeds",
        "1",
        "--days",
        "0.2",
        "--past",
        "1",
        "--worms",
        "slow",
        "--defences",
        "nothing,quarantine",
        "--scenario",
        str(file),
        "--out",
        str(tmp_path / "out"),
        "--page",
        str(page),
    ]
    for _ in range(2):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert "2 of 2 runs" in done.output
    assert "| quarantine |" in page.read_text()
    assert "<svg" in (tmp_path / "out" / "index.html").read_text()


def test_an_unknown_defence_is_wrong_usage(tmp_path: Path) -> None:
    """Exit code 2, before anything is run."""
    arguments = ["campus", "compare", "--defences", "prayer", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()
