"""A clock that was wrong when dnswatch started, and is set while it runs."""

import os
import subprocess
import time
from pathlib import Path

import pytest

import dnswatch
from tests import check
from tests.live.site import COMMAND, Site
from tests.upstream import Upstream
from tests.watchdog.process import query

CLIENT = "127.0.0.31"
YEAR = 365 * 86400.0

_STEPPED = """
import os, time
_real, _path = time.time, os.environ["DNSWATCH_TEST_CLOCK"]
def _time():
    with open(_path) as file:
        return _real() + float(file.read())
time.time = _time
"""
"""What every process of the test's site loads first: a clock that a file sets."""


def ends(site: Site) -> list[float]:
    """Read when the orders of persons end."""
    return [float(row[0]) for row in query(site.state, "SELECT until FROM overrule")]


def minutes(site: Site) -> list[float]:
    """Read in which minutes lookups are on record."""
    return [float(row[0]) for row in query(site.state, "SELECT start FROM tally")]


def is_recorded(site: Site, at: float) -> bool:
    """Whether a lookup is on record at about a moment."""
    return any(abs(minute - at) < 1000 for minute in minutes(site))


@pytest.mark.parametrize(("wrong", "workers"), [(-YEAR, 2), (YEAR, 1)])
def test_a_clock_that_is_set_is_followed(tmp_path: Path, wrong: float, workers: int) -> None:
    """It is said once, all processes go by it, an order for an hour goes on for its hour, and
    every query is answered meanwhile."""
    offset = tmp_path / "offset"
    offset.write_text(str(wrong))
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "sitecustomize.py").write_text(_STEPPED)
    root = Path(dnswatch.__file__).parent.parent
    stepped = {
        "PYTHONPATH": f"{tmp_path / 'early'}:{root}",
        "DNSWATCH_TEST_CLOCK": str(offset),
    }
    with Upstream() as upstream:
        site = Site(tmp_path, [upstream], workers=workers, environment=stepped)
        with site:
            check.noerror(site.ask("before.example", source=CLIENT))
            check.eventually(lambda: is_recorded(site, time.time() + wrong))
            subprocess.run(
                [*COMMAND, "clients", "distrust", CLIENT, "--for", "1h", "--state", site.state],
                env={**os.environ, **stepped},
                check=True,
                capture_output=True,
            )
            (end,) = ends(site)
            before = set(site.workers_running())
            right = tmp_path / "right"
            right.write_text("0")
            right.replace(offset)  # at once: whoever reads it finds a number
            number = 0
            while not before.isdisjoint(site.workers_running()):
                number += 1
                check.noerror(site.ask(f"during{number}.example", source=CLIENT))
            (moved,) = check.eventually(lambda: [at for at in ends(site) if at != end])
            assert abs(moved - end + wrong) < 30
            check.noerror(site.ask("after.example", source=CLIENT))
            check.eventually(lambda: is_recorded(site, time.time()))
            assert len(site.log("clock was set")) == 1
            assert not site.log("starting it again")
