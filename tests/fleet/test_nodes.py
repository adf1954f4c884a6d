"""Who of a fleet is there, with a real engine."""

from dnswatch.fleet.nodes import Nodes, NodeState, RelayPulse
from tests.fleet.engine import RealEngine


def test_who_is_there_says_so(engine: RealEngine) -> None:
    """A node whose relay or watch lives is there, with what each of them says."""
    nodes = Nodes(engine.connect())
    assert nodes.living() == []
    pulse = RelayPulse(boot=77, workers=4, skew=0.125)
    for node in "cab":
        nodes.enter(node)
    nodes.say("b", pulse)
    nodes.say_position("b", (5, 7))
    nodes.say_position("c", None)
    assert nodes.living() == [
        NodeState("b", pulse, (5, 7), is_watching=True),
        NodeState("c", None, None, is_watching=True),
    ]
    assert [node.workers for node in nodes.living()] == [4, 0]
    nodes.take_leave("b")
    assert nodes.living()[0] == NodeState("b", None, (5, 7), is_watching=True)
