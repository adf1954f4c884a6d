"""`dnswatch tail`: lookups as they come."""

import json
import time
from ipaddress import ip_address
from pathlib import Path

from dnswatch.codes import Type
from dnswatch.model.observation import Tally
from dnswatch.watchdog.tail import FILE
from dnswatch.wire.name import from_text
from tests.check import eventually
from tests.cli.conftest import Run
from tests.watchdog.process import QUIET, Site, saw

ALICE, BOB = ip_address("192.0.2.7").packed, ip_address("192.0.2.8").packed


def test_it_shows_the_last_lookups_of_whom_it_is_asked(tmp_path: Path, run: Run) -> None:
    """For eyes and for programs; counts where there is no name."""
    with Site(tmp_path / "live", config=f"{QUIET}[records]\ntail = true\n") as site:
        eventually((site.state / FILE).exists)
        state = ("--state", str(site.state))
        assert "no lookup came yet" in run("tail", "--once", *state, exit_code=1)
        now = time.time()
        site.send(
            saw(now, ALICE, from_text("example.org"), Type.MX, exchanges=(from_text("mx.a"),)),
            saw(now, BOB, from_text("example.net"), 1),
            tallies=[Tally(BOB, 28, 0, 1, False, 12)],
        )
        eventually(lambda: site.measure("lookup") == 14)
        text = run("tail", "--once", *state)
        assert " 192.0.2.7 MX example.org NOERROR upstream mx.a" in text
        assert " 192.0.2.8 AAAA 12 answers NOERROR cache" in text
        told = run("tail", "--once", "--client", "192.0.2.8", "--json", *state).splitlines()
        assert {json.loads(line)["client"] for line in told} == {"192.0.2.8"}
        assert {json.loads(line)["name"] for line in told} == {None, "example.net"}
        last = run("tail", "--once", "--limit", "1", *state)
        assert len(last.splitlines()) == 1
    assert "records.tail = true" in run("tail", "--once", *state, exit_code=1)
