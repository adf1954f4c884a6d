"""The wheel carries all that dnswatch needs and no more, and works where nothing of ours is."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.compose.files import ROOT

MADE: Final = {".pyc", ".so"}
"""What lies in a source tree that was used, and is nobody's."""

CARRIED: Final = {
    "dnswatch/policies/quarantine.toml",
    "dnswatch/py.typed",
    "dnswatch/web/static/vendor/htmx.min.js",
    "dnswatch/web/static/vendor/htmx.LICENSE.txt",
    "dnswatch/web/templates/base.html",
}
"""One file of each kind that is no Python, so that an empty checkout proves nothing."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    environment = {**os.environ, "DNSWATCH_COMPILE": "0"}
    subprocess.run(build, cwd=ROOT, env=environment, capture_output=True, check=True)
    (made,) = folder.glob("*.whl")
    return made


def sources() -> Iterator[str]:
    """Name the files that must be in it."""
    for room, place in (("dnswatch", "dnswatch"), ("policies", "dnswatch/policies")):
        for path in (ROOT / room).rglob("*"):
            if path.is_file() and path.suffix not in MADE:
                yield f"{place}/{path.relative_to(ROOT / room)}"


def test_it_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """Code, types' mark, pages, scripts with their licences, policies: each file, once."""
    names = zipfile.ZipFile(wheel).namelist()
    assert sorted(name for name in names if ".dist-info/" not in name) == sorted(sources())
    noted = {name.partition("/")[2] for name in names if ".dist-info/" in name}
    assert noted == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    assert set(names) >= CARRIED


def test_what_it_holds_works_by_itself(wheel: Path, tmp_path: Path) -> None:
    """In an empty folder, far from the checkout, each command is found and policies are read."""
    packages, empty = tmp_path / "packages", tmp_path / "empty"
    zipfile.ZipFile(wheel).extractall(packages)
    empty.mkdir()
    for command, said in (
        (["--help"], "replay"),
        (["demo", "--help"], "worm"),
        (["check", "--config", os.devnull], "good"),
        (["policy", "show", "quarantine", "--config", os.devnull], "quarantine"),
    ):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "dnswatch", *command],
            cwd=empty,
            env={**os.environ, "PYTHONPATH": str(packages), "DNSWATCH_STATE": str(empty / "none")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
    assert list(empty.iterdir()) == []
