"""A node that does not lead has what the leader has, row by row."""

import threading

import pytest

from dnswatch.fleet.following import BEFORE
from dnswatch.store import Store, replica
from dnswatch.store import site as site_records
from dnswatch.store.bay import findings
from tests.fleet.replicas import Replicas, at_work, copy
from tests.records import NOON, record, worm


def test_a_new_node_gets_a_copy_and_then_what_changes(site: Replicas) -> None:
    """A node that is new has all records, and from then on each change; its own are kept aside."""
    record(site.state("a"), worm("10.0.0.1"))
    record(site.state("b"), worm("10.0.0.2"))
    leader, follower = site.leads("a", 100), site.follows("b")
    assert [follower.position] == [None]
    copy(leader, follower)
    assert site.rows("a") == site.rows("b")
    assert (site.state("b") / BEFORE).exists()
    record(site.state("a"), worm("10.0.0.3"))
    leader.round()
    follower.catch_up()
    assert follower.position == leader.position
    assert site.rows("a") == site.rows("b")


def test_another_leads_on_from_what_it_has(site: Replicas) -> None:
    """Who leads next goes on from its version; who led comes back as its follower."""
    leader, follower = site.leads("a", 100), site.follows("b")
    copy(leader, follower)
    site.write("a", "delay")
    leader.round()
    follower.catch_up()
    leader.close()
    follower.close()
    other, back = site.leads("b", 200), site.follows("a")
    site.write("b", "limit")
    other.round()
    back.catch_up()
    assert back.position == other.position
    assert site.rows("a") == site.rows("b")


def test_what_nobody_got_is_given_up(site: Replicas) -> None:
    """A leader that was killed before it shipped takes over what another one made of it."""
    leader, follower = site.leads("a", 100), site.follows("b")
    copy(leader, follower)
    site.write("a", "delay")  # and is killed
    follower.close()
    other, back = site.leads("b", 200), site.follows("a")
    site.write("b", "limit")
    other.round()
    back.catch_up()
    assert back.is_off
    copy(other, back)
    assert site.rows("a") == site.rows("b")


def test_an_engine_with_an_older_file_makes_nobody_diverge(site: Replicas) -> None:
    """Versions that the engine forgot are known to those who had them; others copy the store."""
    leader, ahead, behind = site.leads("a", 100), site.follows("b"), site.follows("c")
    copy(leader, ahead)
    copy(leader, behind)
    older = site.engine.keep_file()
    site.write("a", "delay")
    leader.round()
    ahead.catch_up()
    site.engine.kill()
    site.engine.come_back(older)
    site.write("a", "limit")
    leader.round()
    ahead.catch_up()
    behind.catch_up()
    assert not ahead.is_off
    assert behind.is_off
    copy(leader, behind)
    assert site.rows("a") == site.rows("b") == site.rows("c")


def test_a_damaged_store_is_moved_aside_and_copied(site: Replicas) -> None:
    """A node whose store is damaged has it again from the leader."""
    leader, follower = site.leads("a", 100), site.follows("b")
    copy(leader, follower)
    follower.close()
    (site.state("b") / "dnswatch.db").write_bytes(b"no store at all" * 1000)
    again = site.follows("b")
    assert again.position is None
    copy(leader, again)
    assert site.rows("a") == site.rows("b")


def test_an_older_node_takes_nothing_over_and_says_so(
    site: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where tables are of another form nothing is applied, until the node is brought up to date."""
    leader, follower = site.leads("a", 100), site.follows("b")
    copy(leader, follower)
    site.write("a", "delay")
    form = replica.form()
    monkeypatch.setattr(replica, "form", lambda: "99 newer")
    leader.round()
    monkeypatch.setattr(replica, "form", lambda: form)
    before = follower.position
    follower.catch_up()
    assert "this node's dnswatch is older" in follower.trouble
    assert follower.position == before
    monkeypatch.setattr(replica, "form", lambda: "99 newer")
    follower.catch_up()
    assert (follower.trouble, follower.position) == ("", leader.position)


def test_what_a_followers_bay_finds_reaches_the_leader_once(site: Replicas) -> None:
    """A finding is told until it comes back with a number, however often it is told."""
    leader, follower = site.leads("a", 100), site.follows("b")
    copy(leader, follower)
    with Store.open(site.state("b")) as store, store.snapshot() as db:
        findings.add(db, NOON, "10.0.0.1", "suspicious", "m1", "why", in_fleet=True)
        site_records.add_counters(db.conn, 60, {"bay_held": 2}, in_fleet=True)
    with Store.open(site.state("a")) as store, store.snapshot() as db:
        findings.add(db, NOON, "10.0.0.2", "suspicious", "m2", "why", in_fleet=True)
    for _ in range(3):
        follower._tell_at = 0.0
        follower.catch_up()
        leader.round()
    follower.catch_up()
    for node in "ab":
        with Store.open(site.state(node)) as store, store.snapshot() as db:
            assert [one.ident for one in findings.after(db, 0)] == ["m2", "m1"]
            assert findings.to_send(db) == b""
            assert site_records.counters(db, 0)["bay_held"] == 2


def test_no_copy_is_taken_of_tables_of_another_form(
    site: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new node whose dnswatch is older says so, and leaves its store as it is."""
    record(site.state("b"), worm("10.0.0.2"))
    leader, follower = site.leads("a", 100), site.follows("b")
    before = site.rows("b")
    form = replica.form()
    here = threading.main_thread()
    monkeypatch.setattr(
        replica, "form", lambda: "99 newer" if threading.current_thread() is here else form
    )
    with at_work(leader):
        follower.catch_up()
    assert "the leader's dnswatch is older" in follower.trouble
    assert site.rows("b") == before
