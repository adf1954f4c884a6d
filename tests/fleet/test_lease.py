"""The lease, with a real engine."""

from dnswatch.fleet.lease import LIFE, SPARE, LeaderLease
from tests.fleet.engine import RealEngine


def test_one_node_holds_the_lease_with_a_growing_fence(engine: RealEngine) -> None:
    """Nobody wins a lease that is held; who has lost it is told so, and does not end another's."""
    now = [100.0]
    one, other = (LeaderLease(engine.connect(), node, "t", lambda: now[0]) for node in "ab")
    assert one.win()
    held = one.is_held
    assert held
    assert (other.win(), other.leader(), one.leader()) == (False, "a", None)
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


def test_a_leader_that_was_killed_leads_again_at_once(engine: RealEngine) -> None:
    """The next process of the same server need not wait until the lease ends by itself, and has a
    greater fence; another server, though it has the same name by mistake, must wait."""
    first, next_one, wrong = (
        LeaderLease(engine.connect(), "a", token, lambda: 0.0) for token in ("x", "x", "y")
    )
    assert first.win()
    assert not wrong.win()
    assert next_one.win(at_least=first.fence + 1)
    assert next_one.fence > first.fence
