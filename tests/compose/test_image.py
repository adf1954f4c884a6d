"""The Dockerfile's steps, replayed in a virtual environment: what they install works by itself."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.compose.files import ROOT, stages

pytestmark = pytest.mark.whole


def replayed(folder: Path) -> Path:
    """Follow the stage that builds dnswatch, without Debian's packages; give the environment."""
    moved = {"/src": str(folder / "src"), "/opt": str(folder / "opt")}
    place = folder / "src"
    for word, arguments in stages()["build"]:
        if word == "WORKDIR":
            place = Path(moved[arguments])
            place.mkdir()
        elif word == "COPY":
            *sources, target = arguments.split()
            for source in sources:
                _copy(ROOT / source, place / target / (source if target == "./" else ""))
        elif "apt-get" not in arguments:
            assert word == "RUN"
            command = arguments.replace("/opt/", f"{moved['/opt']}/").replace("--no-cache-dir ", "")
            _run(["sh", "-ec", command], place)
    return folder / "opt" / "dnswatch"


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _run(command: list[str], place: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def test_the_image_has_all_that_dnswatch_needs(tmp_path: Path) -> None:
    """Built from what is copied alone, it takes the site's settings and knows its policies."""
    programs = replayed(tmp_path) / "bin"
    shutil.rmtree(tmp_path / "src")
    settings = str(ROOT / "compose" / "dnswatch.toml")
    version = shlex.join([str(programs / "dnswatch"), "--version"])
    assert "(compiled)" in _run(["sh", "-c", version], tmp_path)
    assert "(pure)" in _run(["sh", "-c", f"DNSWATCH_PURE=1 {version}"], tmp_path)
    check = [str(programs / "dnswatch"), "check", "--config", settings]
    assert "good" in _run(check, tmp_path)
    show = [str(programs / "dnswatch"), "policy", "show", "quarantine", "--config", settings]
    assert "quarantine" in _run([*show, "--state", str(tmp_path)], tmp_path)


def test_the_engine_is_given_what_the_stage_copies() -> None:
    """`.dockerignore` lets nothing in but what the Dockerfile asks for."""
    copied = [
        source
        for word, arguments in stages()["build"]
        if word == "COPY"
        for source in arguments.split()[:-1]
    ]
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted(copied)
    assert lines[0] == "*"
