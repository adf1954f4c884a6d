"""A site on its own network: dnswatch on port 53, clients, and the world outside."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.behaviour import Asked, Step, answer, plain
from tests.live.site import Site
from tests.network.exchange import Exchange, exchange
from tests.network.places import Network, Place
from tests.upstream import Upstream

RESOLVER: Final = "10.44.0.1"
BAY: Final = "10.44.0.25"
OUTSIDE: Final = "10.44.0.80"
MARKED: Final = "10.44.0.66"
UNMARKED: Final = "10.44.0.7"


HOLD: Final = """
name = "{name}"
summary = "Hold each answer."
since = "now"
precedence = {number}
action = "delay"
false_alarms = "None."
[applies_to]
evidence = "infected"
networks = ["{address}"]
[parameters]
hold = "{hold}"
bucket = 1000
"""
"""A policy for one client."""


def world(asked: Asked) -> list[Step]:
    """Answer as the world's DNS does: every domain has an exchange, and all of them are one."""
    if asked.qtype == "A":
        return answer(f"A {OUTSIDE}")(asked)
    return answer()(asked) if asked.qtype == "AAAA" else plain(asked)


@dataclass(frozen=True)
class Town:
    """The places of a network, and what runs there."""

    network: Network
    place: Place
    "Where dnswatch runs, and the bay has its address."
    site: Site
    outside: Place
    exchange: Exchange
    "The true exchange of every domain."

    def hold(self, name: str, address: str, hold: str) -> None:
        """Add a policy that holds a client's mail-related answers, and distrust the client."""
        policies = self.site.folder / "policies"
        text = HOLD.format(
            name=name, address=address, hold=hold, number=len(list(policies.iterdir()))
        )
        (policies / f"{name}.toml").write_text(text)
        self.site.reload(self.site.settings)
        assert "infected" in self.order("clients", "distrust", address)

    def order(self, *command: str) -> str:
        """Give an order, as a person does at the keyboard."""
        return self.site.printed(*command, "--config", str(self.site.config))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A site whose clients are told the truth until somebody orders otherwise."""
    folder = tmp_path_factory.mktemp("town")
    with ExitStack() as stack:
        network = stack.enter_context(Network())
        place, outside = network.join(RESOLVER, BAY), network.join(OUTSIDE)
        with outside.inside():
            upstream = stack.enter_context(Upstream(world, address=OUTSIDE))
        with place.inside():
            site = Site(folder, [upstream], settings(folder), listen=RESOLVER, dns_port=53)
            stack.enter_context(site)
        yield Town(network, place, site, outside, stack.enter_context(exchange(outside, OUTSIDE)))


def settings(folder: Path) -> dict[str, object]:
    """Give the site's settings; its own policies lie in `policies`."""
    (folder / "policies").mkdir()
    return {
        "quarantine.i_have_authority": True,
        "quarantine.addresses": [BAY],
        "policies.directory": str(folder / "policies"),
    }
