"""How a fleet does, as one of its nodes sees it."""

from pathlib import Path

import msgspec

from dnswatch import clock
from dnswatch.fleet.nodes import Nodes, RelayPulse
from dnswatch.fleet.view import FleetNode, RelayView, look, write_relay, write_trouble
from tests.fleet.engine import RealEngine
from tests.fleet.replicas import Replicas


def test_the_engine_tells_who_leads_and_who_is_behind(site: Replicas) -> None:
    """Who leads since when, who has how much of the records, and whose clock is wrong."""
    leader = site.leads("a", 1_700_000_000_000)
    engine = site.engine.connect()
    engine.put(engine.key("lead"), b"a token")
    nodes = Nodes(engine)
    for node, position, skew in (("a", leader.position, 0.0), ("b", (1, 0), -0.4), ("c", None, 0)):
        nodes.enter(node)
        nodes.say(node, RelayPulse(1, 2, skew))
        nodes.say_position(node, position)
    view = look(site.state("b"), site.engine.settings("b"), clock.now())
    assert (view.leader, view.leads_since, view.trouble) == ("a", 1_700_000_000.0, "")
    assert view.nodes == [
        FleetNode("a", True, 0, 2, 0.0),
        FleetNode("b", False, 1, 2, -0.4),
        FleetNode("c", False, None, 2, 0.0),
    ]


def test_a_node_that_is_apart_tells_what_it_keeps(tmp_path: Path, engine: RealEngine) -> None:
    """It need not ask an engine that its relay cannot reach; what a dead relay said is nothing."""
    now = clock.now()
    write_relay(tmp_path, RelayView(now, now - 180, 12_000, 3))
    write_trouble(tmp_path, "the disk is full")
    engine.pause()
    view = look(tmp_path, engine.settings("b"), now)
    assert (view.apart_since, view.kept, view.lost, view.leader) == (now - 180, 12_000, 3, None)
    assert view.trouble == "the disk is full"
    engine.go_on()
    write_trouble(tmp_path, "")
    late = look(tmp_path, engine.settings("b"), now + 60)
    assert late == msgspec.structs.replace(view, apart_since=None, kept=0, lost=0, trouble="")


def test_an_engine_that_is_away_is_told(tmp_path: Path, engine: RealEngine) -> None:
    """Where no relay runs, the engine's silence is what there is to tell."""
    engine.kill()
    view = look(tmp_path, engine.settings("b"), clock.now())
    assert "does not serve us" in view.trouble
    assert view.nodes == []
