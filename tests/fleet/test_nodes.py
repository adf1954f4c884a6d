"""Who of the fleet is there."""

from dnswatch.fleet.nodes import Nodes, NodeState, RelayPulse
from tests.fleet.engine import RealEngine


def test_a_node_is_there_while_its_relay_or_its_watch_says_so(engine: RealEngine) -> None:
    """A relay says its boot, workers and clock; a watch, what its store has; leaving is at once."""
    nodes = Nodes(engine.connect())
    for name in ("b", "a"):
        nodes.enter(name)
    assert nodes.living() == []
    nodes.say("a", RelayPulse(7, 2, 0.01))
    nodes.say_position("a", (100, 3))
    nodes.say_position("b", None)
    a, b = nodes.living()
    assert a == NodeState("a", RelayPulse(7, 2, 0.01), (100, 3), True)
    assert b == NodeState("b", None, None, True)
    assert (a.workers, b.workers) == (2, 0)
    nodes.take_leave("a")
    assert [node.relay for node in nodes.living()] == [None, None]
