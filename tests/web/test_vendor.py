"""What was taken from elsewhere is what its table says."""

import hashlib
import re
from pathlib import Path

import pytest

import dnswatch.web

VENDOR = Path(dnswatch.web.__file__).parent / "static" / "vendor"
AXE = Path(__file__).parent / "axe"


@pytest.mark.parametrize("folder", [VENDOR, AXE])
def test_files_are_those_of_the_table(folder: Path) -> None:
    """Each file beside the table has its version and its sum there, and its licence beside it."""
    rows = re.findall(
        r"^\| `(\S+)` \|.*\| `([0-9a-f]{64})` \|", (folder / "README.md").read_text(), re.M
    )
    assert {name for name, _ in rows} == {
        path.name for path in folder.iterdir() if path.suffix in (".js", ".css")
    }
    for name, wanted in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == wanted
    assert list(folder.glob("*LICENSE*"))
