"""Three real nodes of one site on a real engine, as their clients and admins meet them."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import dns.message
import dns.rcode
import pytest

from tests import check
from tests.behaviour import plain
from tests.fleet.engine import RealEngine
from tests.live.site import COMMAND, Site, children, environment
from tests.live.test_damage import overwrite
from tests.upstream import Upstream

NODES = ("a", "b", "c")


class LiveFleet:
    """The nodes, and the engine that they share."""

    def __init__(self, engine: RealEngine, nodes: dict[str, Site]) -> None:
        self.engine, self.nodes = engine, nodes

    def order(self, node: str, *command: str) -> str:
        """Give an order on a node, as a person does at its keyboard."""
        site = self.nodes[node]
        return site.printed(*command, "--config", str(site.config))

    def status(self, node: str) -> dict[str, Any]:
        """Return what a node says of the fleet."""
        site = self.nodes[node]
        told: dict[str, Any] = site.told("status", "--config", str(site.config))
        return told["fleet"]  # type: ignore[no-any-return]

    def leader(self) -> str:
        """Wait until somebody leads whom all that run follow, with all the records; say who."""

        def agreed() -> str | None:
            running = [name for name in NODES if self.nodes[name].process.poll() is None]
            told = [self.status(name) for name in running]
            names = {each["leader"] for each in told}
            behind = [
                node["versions_behind"]
                for each in told
                for node in each["nodes"]
                if node["name"] in running
            ]
            ready = len(behind) == len(running) ** 2 and None not in behind
            return str(names.pop()) if ready and len(names) == 1 and names <= set(running) else None

        return check.eventually(agreed)

    def followers(self) -> list[str]:
        """Return who does not lead."""
        leader = self.leader()
        return [name for name in NODES if name != leader]

    def seen(self, node: str, client: str) -> int:
        """Return how many mail-related lookups of a client a node's records have."""
        return self.nodes[node].measures(client).get("mail:mx", 0)

    def enabled(self, node: str) -> set[str]:
        """Return the policies that are on, as a node says."""
        told = self.nodes[node].told("policy", "list", "--config", str(self.nodes[node].config))
        return {each["name"] for each in told if each["enabled"]}

    def kill(self, node: str) -> None:
        """Kill all processes of a node at once."""
        site = self.nodes[node]
        pids = [site.process.pid, *children(site.process.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)  # nobody starts anybody, or says farewell
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        site.process.wait()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveFleet]:
    """Three nodes that serve; they are well between tests."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with ExitStack() as stack:
        engine = stack.enter_context(RealEngine())
        upstream = stack.enter_context(Upstream(plain))
        nodes = {}
        for name in NODES:
            settings = {"fleet.engine": engine.url, "fleet.site": "campus", "fleet.node": name}
            site = Site(tmp_path_factory.mktemp(name), [upstream], settings, 2)
            nodes[name] = stack.enter_context(site)
        yield LiveFleet(engine, nodes)


def ask(site: Site, name: str, client: str) -> dns.message.Message:
    """Ask for a domain's exchanges."""
    return site.ask(name, "MX", source=client, patience=8)


def test_what_one_node_sees_all_have(fleet: LiveFleet) -> None:
    """A client that asks each node something has one account, the same on all nodes."""
    fleet.leader()
    for name in NODES:
        check.noerror(ask(fleet.nodes[name], f"seen-by-{name}.example", "127.0.0.61"))
    for name in NODES:
        check.eventually(lambda name=name: fleet.seen(name, "127.0.0.61") == 3)  # type: ignore[misc]
        told = fleet.order(name, "explain", "--client", "127.0.0.61")
        assert "127.0.0.61" in told
        upstreams = fleet.nodes[name].told("status", "--config", str(fleet.nodes[name].config))
        check.eventually(lambda told=upstreams: {each["node"] for each in told["upstreams"]})  # type: ignore[misc]


def test_an_order_given_on_a_follower_holds_on_all(fleet: LiveFleet) -> None:
    """The command ends when this node shows it; policies act at each node, whoever was marked."""
    here, there = fleet.followers()
    assert "is on" in fleet.order(here, "policy", "enable", "refuse-mail-lookups")
    assert "refuse-mail-lookups" in fleet.enabled(here)
    said = fleet.order(there, "clients", "distrust", "127.0.0.62", "--why", "seen spreading")
    assert "infected" in said
    for name in NODES:
        site = fleet.nodes[name]
        check.eventually(lambda name=name: "refuse-mail-lookups" in fleet.enabled(name))  # type: ignore[misc]
        check.eventually(
            lambda site=site: ask(site, "worm.example", "127.0.0.62").rcode() == dns.rcode.SERVFAIL  # type: ignore[misc]
        )
        told = site.told("log", "--client", "127.0.0.62")
        assert ("distrust", "seen spreading") in [(each["now"], each["cause"]) for each in told]
    fleet.order(fleet.leader(), "policy", "disable", "refuse-mail-lookups")
    for name in NODES:
        site = fleet.nodes[name]
        check.eventually(
            lambda site=site: ask(site, "worm.example", "127.0.0.62").rcode() == dns.rcode.NOERROR  # type: ignore[misc]
        )


def test_what_went_wrong_on_a_follower_is_told_on_all(fleet: LiveFleet) -> None:
    """The leader notes it, and says on which node it was."""
    here, there = fleet.followers()
    killed = fleet.nodes[here].workers_running()[0]
    os.kill(killed, signal.SIGKILL)
    for name in NODES:
        check.eventually(
            lambda name=name: [  # type: ignore[misc]
                one
                for one in fleet.nodes[name].told("log")
                if f"(process {killed}) was killed by signal 9" in one["now"]
                and one["cause"] == f"said by serve on node '{here}'"
            ]
        )
    assert there


def test_another_node_takes_over_with_all_that_was_known(fleet: LiveFleet) -> None:
    """Verdicts, orders and counts outlive their leader, who comes back as a follower."""
    leader = fleet.leader()
    others = fleet.followers()
    fleet.order(others[0], "policy", "enable", "delay", "--dry-run")
    ask(fleet.nodes[leader], "before.example", "127.0.0.63")
    check.eventually(lambda: fleet.seen(others[1], "127.0.0.63") == 1)
    fleet.kill(leader)
    for name in others:
        check.noerror(ask(fleet.nodes[name], f"alone-{name}.example", "127.0.0.63"))
    assert fleet.leader() in others
    for name in others:
        check.eventually(lambda name=name: fleet.seen(name, "127.0.0.63") == 3)  # type: ignore[misc]
        assert "delay" in fleet.enabled(name)
    fleet.order(others[1], "policy", "disable", "delay")
    fleet.nodes[leader].start()
    assert fleet.leader() in others
    check.eventually(lambda: fleet.seen(leader, "127.0.0.63") == 3)
    assert "delay" not in fleet.enabled(leader)


def test_a_leader_whose_store_is_damaged_follows_another(fleet: LiveFleet) -> None:
    """The others have all records: it hands over, and has them again as a copy of theirs."""
    leader, others = fleet.leader(), fleet.followers()
    ask(fleet.nodes[others[0]], "sound.example", "127.0.0.65")
    for name in NODES:
        check.eventually(lambda name=name: fleet.seen(name, "127.0.0.65") == 1)  # type: ignore[misc]
    site = fleet.nodes[leader]
    overwrite(site.state / "dnswatch.db")
    asked = iter(range(1_000_000))
    check.eventually(
        lambda: (
            site.ask(f"n{next(asked)}.example", source="127.0.0.66")
            and list(site.state.glob("*.damaged-*Z"))
        )
    )
    assert fleet.leader() in others
    check.eventually(lambda: fleet.seen(leader, "127.0.0.65") == 1)


def test_nothing_is_missing_when_the_engine_is_back(fleet: LiveFleet) -> None:
    """Without it all answer, say that they are apart, and refuse orders; then all counts."""
    fleet.leader()
    fleet.engine.kill()
    for name in NODES:
        site = fleet.nodes[name]
        check.noerror(ask(site, f"apart-{name}.example", "127.0.0.64"))
        check.eventually(lambda name=name: fleet.status(name)["apart_since"])  # type: ignore[misc]
        (warning,) = fleet.status(name)["warnings"]
        assert "apart for" in warning
        assert "kept" in warning
    site = fleet.nodes["b"]
    order = ["policy", "enable", "delay", "--config", str(site.config), "--state", str(site.state)]
    done = subprocess.run([*COMMAND, *order], capture_output=True, text=True, env=environment())
    refused = " ".join(done.stderr.split())
    assert "orders are refused while this node, 'b', is apart from its fleet" in refused
    fleet.engine.start()
    fleet.leader()
    for name in NODES:
        check.eventually(lambda name=name: fleet.seen(name, "127.0.0.64") == 3)  # type: ignore[misc]
        assert "delay" not in fleet.enabled(name)
