"""Orders of persons, by whichever door."""

from math import inf
from pathlib import Path

import pytest

from dnswatch import clock
from dnswatch.errors import DnswatchError, SettingsError
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.policies.reading import read_all
from dnswatch.model.role import Role
from dnswatch.office import orders
from dnswatch.serve.policies import texts
from dnswatch.settings import read
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
    orders.declare(state, ["10.0.0.66"], Role.MAIL_SERVER, "the gateway", "alice")
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
    assert orders.disable(state, "delay", "bob")
    assert not orders.disable(state, "delay", "bob")
