"""The picture of a report."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_picture_is_drawn(tmp_path: Path, run: Run, ending: str) -> None:
    """`--plot` draws one client, or all of them, with title, units and zone in it."""
    pytest.importorskip("matplotlib", reason="needs matplotlib, the extra 'plot'")
    picture = tmp_path / f"picture.{ending}"
    run("report", "--client", "10.0.0.66", "--plot", str(picture))
    start = {"svg": b"<?xml", "png": b"\x89PNG"}[ending]
    assert picture.read_bytes().startswith(start)
    run("report", "--plot", str(tmp_path / f"all.{ending}"))
    assert (tmp_path / f"all.{ending}").read_bytes().startswith(start)
    text = run("report", "--plot", str(tmp_path / "missing" / f"x.{ending}"), exit_code=1)
    assert "cannot write" in text
