"""The system's own stub resolver waits for held answers."""

from functools import partial
from typing import Final

import pytest

from tests import check
from tests.live.tools import need
from tests.network.conftest import OUTSIDE, RESOLVER, Town
from tests.network.places import Place
from tests.watchdog.process import query

HELD: Final = {"10.44.0.11": "800ms", "10.44.0.12": "1.8s", "10.44.0.13": "4s"}
"""Each client's address, and for how long its answers are held."""

DECIDED: Final = """
    SELECT DISTINCT decided FROM lookup JOIN client ON client.id = lookup.client
    WHERE client.key = '{}'"""


@pytest.fixture(scope="module")
def clients(town: Town) -> dict[str, Place]:
    """Marked clients, by how long their answers are held."""
    places = {}
    for address, hold in HELD.items():
        name = f"hold-{hold.replace('.', '-')}"
        town.hold(name, address, hold)
        town.order("policy", "enable", name)
        places[hold] = town.network.join(address, resolver=RESOLVER)
        check.eventually(partial(town.site.log, f"delay by policy '{name}'"))
    return places


@pytest.mark.parametrize("hold", HELD.values())
def test_glibc_resolves_under_every_delay(town: Town, clients: dict[str, Place], hold: str) -> None:
    """getaddrinfo asks for both families at once, and waits for the answer that is held."""
    name = f"mx.held-{hold.replace('.', '-')}.example"
    with town.place.inside():
        town.site.ask(name.removeprefix("mx."), "MX")
    found = clients[hold].run(need("getent"), "ahosts", name)
    assert found.split()[:2] == [OUTSIDE, "STREAM"], found
    told = DECIDED.format(clients[hold].address)
    check.eventually(lambda: ("held",) in query(town.site.state, told))
