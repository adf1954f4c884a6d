"""Port 25 of quarantined clients is led to the bay by nftables, whatever they connect to."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from dnswatch.store import Store
from dnswatch.store.bay.quarantine import quarantined
from tests import check
from tests.live.site import COMMAND, environment
from tests.live.tools import need
from tests.network.conftest import BAY, MARKED, OUTSIDE, RESOLVER, UNMARKED, Town
from tests.network.places import Place

RULES: Final = Path(__file__).parents[2] / "docs" / "examples" / "steer.nft"
SETTING: Final = ("ip_forward=1", "conf.all.send_redirects=0", "conf.eth0.send_redirects=0")


@pytest.fixture(scope="module")
def gate(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The router between clients and the world, with the shipped rules; dnswatch runs there."""
    rules = tmp_path_factory.mktemp("rules") / "steer.nft"
    rules.write_text(RULES.read_text().replace("192.0.2.250", BAY))
    for setting in SETTING:
        town.place.run("sysctl", "-w", f"net.ipv4.{setting}")
    assert town.place.run(need("nft"), "-f", str(rules)) == ""
    assert town.place.run(need("nft"), "-f", str(rules)) == "", "loading it twice is as once"
    return town.place


@pytest.fixture(autouse=True)
def calm(town: Town, gate: Place) -> None:
    """No policy is on and nobody is led anywhere, whichever test ran before."""
    town.order("policy", "disable", "quarantine")
    town.order("clients", "clear", MARKED)
    check.eventually(lambda: not (is_quarantined(town) or led(gate)))


def is_quarantined(town: Town) -> bool:
    """Tell whether the records say of anybody that his mail is diverted now."""
    with Store.read(town.site.state) as store, store.snapshot() as db:
        return any(until is None for _, until in quarantined(db).values())


def behind(town: Town, address: str) -> Place:
    """A client whose way to the world is the router."""
    place = town.network.join(address, resolver=RESOLVER)
    place.run(need("ip"), "route", "add", f"{OUTSIDE}/32", "via", RESOLVER)
    return place


def mails(place: Place, to: str) -> str:
    """Mail to an address that was never looked up, as a worm with a list of its own does."""
    return place.run(
        need("swaks"),
        "--server",
        OUTSIDE,
        "--from",
        "eve@site.example",
        "--to",
        to,
        "--helo",
        "pc.site.example",
        "--timeout",
        f"{check.PATIENCE:.0f}",
    )


def led(gate: Place) -> dict[str, int]:
    """Say whom nftables leads to the bay, as `dnswatch steer list` tells it."""
    told = subprocess.run(
        gate.within(*COMMAND, "steer", "list", "--json"),
        capture_output=True,
        text=True,
        env=environment(),
        timeout=check.PATIENCE,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return {one["client"]: one["left"] for one in json.loads(told.stdout)}


@contextmanager
def steering(town: Town, gate: Place) -> "Iterator[subprocess.Popen[bytes]]":
    """Run `dnswatch steer nft` beside the server."""
    command = [*COMMAND, "steer", "nft", "--lease", "3"]
    command += ["--config", str(town.site.config), "--state", str(town.site.state)]
    process = subprocess.Popen(gate.within(*command), env=environment())
    try:
        yield process
    finally:
        process.terminate()
        process.wait(check.PATIENCE)


def test_a_worm_with_hard_coded_addresses_is_caught_and_let_go(town: Town, gate: Place) -> None:
    """Caught while dnswatch says so; who says nothing any more lets go, whatever was killed."""
    worm, person = behind(town, MARKED), behind(town, UNMARKED)
    mails(worm, "bob@before.example")
    assert town.exchange.got("bob@before.example").peer == MARKED
    town.order("clients", "distrust", MARKED)
    with steering(town, gate):
        assert led(gate) == {}  # no policy quarantines anybody yet
        town.order("policy", "enable", "quarantine")
        check.eventually(lambda: MARKED in led(gate))
        mails(worm, "bob@caught.example")
        [kept] = check.eventually(lambda: town.site.told("bay", "list"))
        assert (kept["client"], kept["recipients"][0]["address"]) == (MARKED, "bob@caught.example")
        mails(person, "bob@free.example")
        assert town.exchange.got("bob@free.example").peer == UNMARKED
        assert not town.exchange.of("bob@caught.example")
        town.site.process.kill()
        town.site.process.wait()
        check.eventually(lambda: not led(gate))
        mails(worm, "bob@killed.example")
        assert town.exchange.got("bob@killed.example").peer == MARKED
        with gate.inside():
            town.site.start()
        check.eventually(lambda: MARKED in led(gate))
    assert led(gate) == {}, "who ends steering lets all go"


def test_steering_that_is_killed_lets_go(town: Town, gate: Place) -> None:
    """The elements end by themselves."""
    town.order("clients", "distrust", MARKED)
    town.order("policy", "enable", "quarantine")
    with steering(town, gate) as process:
        check.eventually(lambda: MARKED in led(gate))
        process.kill()
        process.wait()
        check.eventually(lambda: not led(gate))


def test_who_was_cleared_is_let_go(town: Town, gate: Place) -> None:
    """And what nftables holds can be cleared by hand."""
    town.order("clients", "distrust", MARKED)
    town.order("policy", "enable", "quarantine")
    with steering(town, gate):
        check.eventually(lambda: MARKED in led(gate))
        town.order("clients", "clear", MARKED)
        check.eventually(lambda: not led(gate))
    gate.run(need("nft"), "add", "element", "inet", "dnswatch_steer", "clients4", "{ 10.44.0.9 }")
    assert "10.44.0.9" in led(gate)
    subprocess.run(gate.within(*COMMAND, "steer", "clear"), env=environment(), check=True)
    assert led(gate) == {}
