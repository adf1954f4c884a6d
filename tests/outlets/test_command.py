"""Commands: real programs that read, fail and hang."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dnswatch.errors import EventError
from dnswatch.outlets.command import CommandOutlet
from dnswatch.outlets.outlet import Dispatch
from dnswatch.settings import EventDestination, Sink
from tests import check
from tests.outlets.sinks import open_outlet
from tests.teller.test_forms import INFECTED

DISPATCH = Dispatch("1", "title", b"{}", {"kind": "verdict"})


Script = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Make a program of lines for the shell."""

    def make(text: str) -> str:
        path = tmp_path / "tell"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        return str(path)

    return make


def test_a_command_reads_the_event(tmp_path: Path, script: Script) -> None:
    """JSON on its input, facts in its environment, arguments that no shell has read."""
    out = tmp_path / "out"
    program = script(f'printf "%s|%s|" "$1" "$DNSWATCH_CLIENT" > {out}; cat >> {out}')
    sink = Sink(to=EventDestination(f"command:{program}"), arguments=("a b; $(touch x)",))
    open_outlet(sink).send(INFECTED)
    argument, client, body = out.read_text().split("|", 2)
    assert (argument, client) == ("a b; $(touch x)", INFECTED.client)
    assert json.loads(body)["data"]["sentence"] == INFECTED.sentence


def test_a_command_that_fails_has_taken_nothing(script: Script) -> None:
    """By its exit code, or because it is not there."""
    with pytest.raises(EventError, match="ended with code 3"):
        CommandOutlet([script("exit 3")]).send(DISPATCH)
    with pytest.raises(EventError, match="cannot be run: No such file"):
        CommandOutlet(["/no/such/program"]).send(DISPATCH)


def test_a_command_that_hangs_is_killed_with_all_it_began(tmp_path: Path, script: Script) -> None:
    """Its children too, which would hold up nobody but stay for ever."""
    out = tmp_path / "out"
    program = script(f"sleep 1000 & echo $! > {out}; wait")
    with pytest.raises(EventError, match="was killed"):
        CommandOutlet([program], patience=0.3).send(DISPATCH)
    child = int(out.read_text())
    check.eventually(lambda: not _lives(child))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_command_that_does_not_read_is_no_trouble(script: Script) -> None:
    """It may want to know only that something happened."""
    CommandOutlet([script("exec true")]).send(DISPATCH._replace(body=b"x" * 1_000_000))
