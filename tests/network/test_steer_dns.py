"""Lookups of marked clients are led to dnswatch by nftables, whatever resolver they ask."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests import check
from tests.live.site import COMMAND, environment
from tests.live.tools import need
from tests.network.conftest import MARKED, OUTSIDE, UNMARKED, Town
from tests.network.places import Place
from tests.network.test_steer import SETTING, behind

RULES: Final = Path(__file__).parents[2] / "docs" / "examples" / "steer-dns.nft"


@pytest.fixture(scope="module")
def gate(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The router, with the shipped rules; dnswatch listens there at the usual port."""
    rules = tmp_path_factory.mktemp("rules") / "steer-dns.nft"
    rules.write_text(RULES.read_text().replace(":5300", ":53"))
    for setting in SETTING:
        town.place.run("sysctl", "-w", f"net.ipv4.{setting}")
    assert town.place.run(need("nft"), "-f", str(rules)) == ""
    return town.place


def is_led(client: Place) -> bool:
    """Tell whether dnswatch answers, which refuses; where the client asks there is nobody."""
    command = ("+time=1", "+tries=1", "victim.example", "MX")
    return "status: SERVFAIL" in client.run(need("dig"), f"@{OUTSIDE}", *command)


def test_marked_clients_are_led_and_let_go(town: Town, gate: Place) -> None:
    """Once a policy acts on them, and nobody else; who ends steering lets all go at once, and of
    one that is killed the elements end by themselves."""
    worm, person = behind(town, MARKED), behind(town, UNMARKED)
    command = [*COMMAND, "steer", "dns", "--nft", "--lease", "3"]
    command += ["--config", str(town.site.config), "--state", str(town.site.state)]
    for is_killed in (False, True):
        steering = subprocess.Popen(gate.within(*command), env=environment())
        town.order("clients", "distrust", MARKED)
        assert not is_led(worm), "no policy acts on it"
        town.order("policy", "enable", "refuse-mail-lookups")
        check.eventually(lambda: is_led(worm))
        assert not is_led(person)
        if is_killed:
            steering.kill()
        else:
            town.order("policy", "disable", "refuse-mail-lookups")
            check.eventually(lambda: not is_led(worm))
            steering.terminate()
        steering.wait(check.PATIENCE)
        check.eventually(lambda: not is_led(worm))
