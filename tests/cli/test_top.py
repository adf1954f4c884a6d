"""`dnswatch top`: the site, live in the terminal."""

import json
import os
import pty
import subprocess
import sys
from collections import Counter, deque
from dataclasses import replace
from pathlib import Path

import pytest

from dnswatch import clock
from dnswatch.cli.render import console
from dnswatch.cli.top import SiteLook, as_json, frame, looker, rates
from dnswatch.model.health import HealthReport
from dnswatch.model.policies.standing import Standing
from dnswatch.settings import read as read_settings
from dnswatch.store import Store, orders
from dnswatch.store.directory import note_replayed
from tests.cli.conftest import Read, Run
from tests.records import NOON, changes, plain

SETTINGS = read_settings("", "test")


@pytest.fixture
def look(state: Path) -> SiteLook:
    """Look at a site ten minutes after noon: a worm with a verdict, an upstream with trouble."""
    told = changes([])
    told.hear(0, HealthReport("udp://192.0.2.53", True, 0.02, 50, 1))
    told.hear(1, HealthReport("udp://192.0.2.53", False, 0.0, 0, 9))
    worm = bytes((10, 0, 0, 66))
    told.standings[worm] = Standing(1.0, clock.now() + 86400, NOON)
    with Store.open(state) as store:
        store.write(told, plain, NOON)
        with store.snapshot() as db:
            orders.enable(db, "delay", "me", NOON, dry_run=True)
    note_replayed(state, NOON + 600)
    return looker(state, SETTINGS)()


def shown(*looks: SiteLook) -> str:
    """Print the screen."""
    with (screen := console()).capture() as captured:
        screen.print(frame(looks, 3))
    return captured.get()


def test_the_screen_has_the_site_at_a_glance(look: SiteLook, run: Run) -> None:
    """Upstreams as all workers see them, what is on, and the worst client first, with what it
    gets."""
    text = shown(look)
    assert "policies switched on: delay (dry run)" in text
    assert "no server runs" in text
    assert "up at 1 of 2" in text
    [row] = [line for line in text.splitlines() if "10.0.0.66" in line]
    assert row.split()[:4] == ["10.0.0.66", "infected", "30", "30"]


def test_rates_are_those_between_looks(look: SiteLook) -> None:
    """Of the first look alone, of the time before; of more, from one to the other; never negative
    where records were let go."""
    alone = rates([look])
    assert alone["lookup"] == pytest.approx(look.measures["lookup"] / (look.at - look.begin))
    more = replace(look, at=look.at + 4, measures=look.measures + Counter(lookup=10, new=2))
    between = rates(deque([look, more]))
    assert (between["lookup"], between["new"], between["refresh"]) == (2.5, 0.5, 0)
    assert "lookups 2.5/s" in shown(look, more)
    assert rates([more, replace(look, at=more.at + 1)])["lookup"] == 0


def test_programs_get_the_same(look: SiteLook, read: Read) -> None:
    """A line of JSON a second; with --once one."""
    told = as_json([look], 1)
    assert read("top", "--once", "--limit", "1") == told
    assert told["upstreams"][0]["up"] == 1
    assert [each["verdict"] for each in told["clients"]] == ["infected"]
    assert json.dumps(told)


def test_into_a_pipe_it_is_shown_once(look: SiteLook, run: Run) -> None:
    """Without a byte that moves a cursor; without records there is a sentence."""
    text = run("top")
    assert "10.0.0.66" in text
    assert "\x1b" not in text
    assert "no records" in run("top", "--state", "nowhere", exit_code=1)


@pytest.mark.usefixtures("look")
@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_a_key_ends_it(state: Path, key: bytes) -> None:
    """q or Ctrl-C, and the terminal is as before."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dnswatch", "top", "--state", str(state)]
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        env=os.environ | {"TERM": "xterm"},
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(1), os.O_RDWR)),
    )
    os.close(theirs)
    text = b""
    while b"10.0.0.66" not in text:
        text += os.read(ours, 4096)
    os.write(ours, key)
    try:
        while more := os.read(ours, 4096):
            text += more
    except OSError:  # how Linux says that nobody has the terminal open any more
        pass
    assert process.wait() == 0
    assert b"\x1b[?1049l" in text
    os.close(ours)
