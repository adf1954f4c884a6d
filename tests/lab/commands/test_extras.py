"""What the laboratory needs beyond dnswatch is an extra, and its lack is told before any work."""

import subprocess
import sys
from pathlib import Path

import pytest

_WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from dnswatch.cli import main
main()
"""


@pytest.mark.parametrize(
    ("library", "arguments", "extra"),
    [
        ("numpy", ["campus", "run"], "campus"),
        ("matplotlib", ["campus", "compare"], "campus"),
        ("jinja2", ["study", "trace"], "study"),
        ("zstandard", ["replay", __file__], "replay"),
    ],
)
def test_a_missing_library_is_told_with_its_cure(
    library: str, arguments: list[str], extra: str, tmp_path: Path
) -> None:
    """One sentence with the command that installs it, and nothing was begun."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, library, *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    [sentence] = done.stderr.splitlines()
    assert f"needs {library}" in sentence
    assert f"pip install --constraint constraints.txt '.[{extra}]'" in sentence
    assert not list(tmp_path.iterdir())
