"""The leader's store is in the stream whole and once, whatever is cut short."""

import pytest

from dnswatch.errors import EngineError
from dnswatch.store import replica
from tests.fleet.replicas import Replicas, copy
from tests.records import record, worm


def test_a_leader_that_was_killed_in_between_goes_on(site: Replicas) -> None:
    """What was shipped, and not noted so, is known again by who shipped it and by who follows."""
    leader, follower = site.leads("a", 100), site.follows("b")
    copy(leader, follower)
    site.write("a", "delay")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replica, "shipped", _killed)
        with pytest.raises(KeyboardInterrupt):
            leader.round()
    site.write("a", "limit")
    again = site.follows("a")
    again.catch_up()
    assert not again.is_off
    leader = site.leads("a", 200)
    leader.round()
    follower.catch_up()
    assert follower.position == leader.position
    assert site.rows("a") == site.rows("b")


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_leader_that_had_no_answer_looks_what_the_stream_has(site: Replicas) -> None:
    """Where the engine fell silent in a version, that is shipped again, and counts once."""
    leader, follower = site.leads("a", 100), site.follows("b")
    copy(leader, follower)
    record(site.state("a"), worm("10.0.0.1"))
    add_all = leader._engine.add_all
    with pytest.MonkeyPatch.context() as patch:

        def silent(stream: str, entries: object) -> int:
            add_all(stream, entries)  # type: ignore[arg-type]
            raise EngineError("silence")

        patch.setattr(leader._engine, "add_all", silent)
        with pytest.raises(EngineError):
            leader.round()
    site.write("a", "delay")
    leader.round()
    while follower.catch_up():
        pass
    assert follower.position == leader.position
    assert site.rows("a") == site.rows("b")


def test_a_deposed_leader_ships_nothing(site: Replicas) -> None:
    """The engine itself refuses what a leader ships after another one has begun."""
    leader, follower = site.leads("a", 100), site.follows("b")
    copy(leader, follower)
    follower.close()
    other = site.leads("b", 200)
    site.write("a", "delay")
    with pytest.raises(EngineError, match="another node leads"):
        leader.round()
    third = site.follows("c")
    copy(other, third)
    assert site.rows("b") == site.rows("c")
