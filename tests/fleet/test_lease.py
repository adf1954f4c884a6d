"""The lease, with a real engine."""

from dnswatch.fleet.lease import LIFE, SPARE, LeaderLease
from tests.fleet.engine import RealEngine


def test_one_node_holds_the_lease_with_a_growing_fence(engine: RealEngine) -> None:
    """Nobody wins a lease that is held; who has lost it is told so, and does not end another's."""
    now = [100.0]
    one, other = (LeaderLease(engine.connect(), node, lambda: now[0]) for node in "ab")
    assert one.win()
    held = one.is_held
    assert held
    assert (other.win(), other.leader()) == (False, "a")
    now[0] += LIFE - SPARE - 0.1
    assert one.renew()
    now[0] += LIFE - SPARE
    held = one.is_held
    assert not held
    engine.connect().delete(engine.connect().key("lead"))
    assert other.win(at_least=one.fence + 1)
    assert other.fence > one.fence
    assert not one.renew()
    one.release()
    assert one.leader() == "b"
    other.release()
    assert one.leader() is None
