"""Orders of persons, by whichever door."""

from math import inf
from pathlib import Path

import msgspec
import pytest

from dnswatch import clock
from dnswatch.errors import DnswatchError, SettingsError
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.policies.reading import read_all
from dnswatch.model.role import Role
from dnswatch.office import orders
from dnswatch.serve.policies import texts
from dnswatch.settings import Fleet, Source, read
from dnswatch.store import Store
from dnswatch.store import orders as stored

SETTINGS = read("", "test")


def test_an_address_may_be_meant_before_it_was_seen(state: Path) -> None:
    """A name must be on record; an address stands for itself."""
    assert orders.keys_meant(state, SETTINGS, "10.9.9.9") == ["10.9.9.9"]
    with pytest.raises(DnswatchError, match="no client 'nobody' is on record"):
        orders.keys_meant(state, SETTINGS, "nobody")
    with pytest.raises(ValueError, match="is no network"):
        orders.keys_meant(state, SETTINGS, "10.0.0.0/99")


def test_nobody_distrusts_a_declared_server(state: Path) -> None:
    """The sentence says how to take the role back; nothing is written."""
    orders.declare(state, SETTINGS, ["10.0.0.66"], Role.MAIL_SERVER, "the gateway", "alice")
    said = Overrule(Word.DISTRUST, clock.now(), inf, "", "alice")
    with pytest.raises(DnswatchError, match="is declared as mail-server"):
        orders.overrule(state, SETTINGS, ["10.0.0.66"], said)
    with Store.read(state) as store, store.snapshot() as db:
        assert not stored.read(db, clock.now()).overrules
        [entry] = stored.log(db, 0.0, None, 10)
    assert (entry.text, entry.cause, entry.actor) == ("mail-server", "the gateway", "alice")


def test_a_policy_must_fit_the_site_to_be_switched_on(state: Path) -> None:
    """Quarantine needs a bay and the authority; delay needs nothing."""
    policies, _ = read_all(texts(""))
    with pytest.raises(SettingsError):
        orders.enable(state, SETTINGS, policies["quarantine"], "alice")
    orders.enable(state, SETTINGS, policies["delay"], "alice")
    assert orders.disable(state, SETTINGS, "delay", "bob")
    assert not orders.disable(state, SETTINGS, "delay", "bob")


def told(state: Path) -> list[tuple[str, str, str]]:
    """Return what the log has."""
    with Store.read(state) as store, store.snapshot() as db:
        return [(entry.text, entry.cause, entry.actor) for entry in stored.log(db, 0.0, None, 10)]


def test_a_fleets_leader_executes_what_a_node_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order from elsewhere is written with its actor and cause, as one from here is."""
    here, there = tmp_path / "here", tmp_path / "there"
    source = Source("", "leader.toml", policies=texts(""))
    settings = read('[fleet]\nengine = "unix:/nowhere"\nnode = "b"\n', "node.toml")

    def give(state: Path, fleet: Fleet, data: bytes) -> bytes:
        assert (state, fleet.node) == (there, "b")
        return orders.obey(here, source, data)

    monkeypatch.setattr("dnswatch.fleet.orders.give", give)
    policies, _ = read_all(texts(""))
    orders.enable(there, settings, policies["delay"], "alice", dry_run=True)
    assert orders.disable(there, settings, "delay", "bob")
    assert not orders.disable(there, settings, "delay", "bob")
    said = Overrule(Word.TRUST, clock.now(), inf, "a list", "carol")
    orders.overrule(there, settings, ["10.0.0.1"], said)
    orders.declare(there, settings, ["10.0.0.2"], Role.RESOLVER, "new", "dave")
    assert sorted(told(here)) == [
        ("delay off", "", "bob"),
        ("delay on, dry run", "", "alice"),
        ("resolver", "new", "dave"),
        ("trust", "a list", "carol"),
    ]
    with Store.read(here) as store, store.snapshot() as db:
        assert stored.read(db, clock.now()).overrules == {"10.0.0.1": said}
    assert not there.exists()


def test_a_leader_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    """A policy that one node has alone, and an order of another dnswatch, are refused."""
    mine = orders.Switching("mine", "alice", is_on=True)
    with pytest.raises(SettingsError, match="has no policy 'mine'"):
        orders.obey(tmp_path, Source("", "leader.toml"), msgspec.msgpack.encode(mine))
    with pytest.raises(DnswatchError, match="of another version"):
        orders.obey(tmp_path, Source("", "leader.toml"), b"?")
