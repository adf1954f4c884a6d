"""Orders from any node: executed by the leader, once, and answered when the records show it."""

import pytest

from dnswatch.errors import DnswatchError, EngineError
from dnswatch.fleet import orders
from dnswatch.store import Store
from dnswatch.store import orders as stored
from tests.fleet.replicas import Replicas, at_work, copy
from tests.records import NOON


def test_an_order_is_executed_by_the_leader_and_shows_everywhere(site: Replicas) -> None:
    """Where a node's order is answered, that node's records have it."""

    def obey(data: bytes) -> bytes:
        site.write("a", data.decode())
        return data.upper()

    leader, follower = site.leads("a", 100, obey), site.follows("b")
    site.engine.connect().put(site.engine.connect().key("lead"), b"a 1")
    copy(leader, follower)
    with at_work(leader, follower):
        answer = orders.give(site.state("b"), site.engine.settings("b"), b"delay")
    assert answer == b"DELAY"
    with Store.read(site.state("b")) as store, store.snapshot() as db:
        assert stored.read(db, NOON).enabled == {"delay"}


def test_a_refusal_is_the_leaders(site: Replicas) -> None:
    """What the leader refuses is refused where it was given, in the same words."""

    def obey(_: bytes) -> bytes:
        raise DnswatchError("'10.0.0.1' is declared as a resolver")

    leader = site.leads("a", 100, obey)
    site.engine.connect().put(site.engine.connect().key("lead"), b"a 1")
    with at_work(leader), pytest.raises(DnswatchError, match="is declared as a resolver"):
        orders.give(site.state("a"), site.engine.settings("a"), b"")


def test_an_order_is_refused_while_nobody_leads(site: Replicas) -> None:
    """Where nobody could execute an order, none is kept for later."""
    with pytest.raises(DnswatchError, match="no node of the fleet 'campus' leads now"):
        orders.give(site.state("b"), site.engine.settings("b"), b"delay")
    assert site.engine.connect().take(site.engine.connect().key("orders")) is None


def test_an_order_is_refused_while_the_node_is_apart(site: Replicas) -> None:
    """Where the engine cannot be reached, nothing is changed, and it is said so."""
    site.engine.kill()
    with pytest.raises(EngineError, match="refused while this node, 'b', is apart"):
        orders.give(site.state("b"), site.engine.settings("b"), b"delay")


def test_an_order_that_nobody_waits_for_is_not_executed(site: Replicas) -> None:
    """An order that waited for longer than whoever gave it is not executed late."""
    leader = site.leads("a", 100)
    engine = site.engine.connect()
    late = orders.SentOrder("one", engine.now() - 1, b"delay")
    engine.push(engine.key("orders"), orders.written(late), 60)
    engine.push(engine.key("orders"), b"of another dnswatch", 60)
    leader.round()
    assert engine.take(engine.key("orders")) is None
    assert engine.take(engine.key("reply", "one")) is None
