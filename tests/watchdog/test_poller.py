"""The poller takes orders from the store, whoever wrote them there."""

import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.settings import Settings
from dnswatch.store import Store, orders
from dnswatch.store.bay import findings
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.poller import OrderPoller


@pytest.fixture
def poller(tmp_path: Path) -> Iterator[OrderPoller]:
    """Give a poller over a store that is not there yet."""
    poller = OrderPoller(Archive(tmp_path / "state", Settings()), lambda: 5.0)
    yield poller
    poller.stop()


def rings(poller: OrderPoller) -> bool:
    return bool(select.select([poller], [], [], 0)[0])


def enable(state: Path, policy: str) -> None:
    with Store.open(state) as store, store.snapshot() as db:
        orders.enable(db, policy, "alice", 1.0)


def test_it_rings_for_what_is_new(poller: OrderPoller, tmp_path: Path) -> None:
    """An order rings until it is taken; a look that finds nothing new is silent."""
    poller.look()
    assert not rings(poller)
    enable(tmp_path / "state", "delay")
    poller.look()
    assert rings(poller)
    assert poller.orders().enabled == {"delay"}
    assert not rings(poller)
    poller.look()
    assert not rings(poller)


def test_orders_stay_while_the_store_is_out_of_reach(poller: OrderPoller, tmp_path: Path) -> None:
    """A store that cannot be opened changes nothing and raises nothing."""
    (tmp_path / "state").write_text("in the way")
    poller.look()
    assert not rings(poller)
    (tmp_path / "state").unlink()
    enable(tmp_path / "state", "delay")
    poller.look()
    assert poller.orders().enabled == {"delay"}


def test_findings_of_the_bay_are_taken_once(poller: OrderPoller, tmp_path: Path) -> None:
    """What was heard before a restart is not heard again, and no bell is needed."""
    with Store.open(tmp_path / "state") as store, store.snapshot() as db:
        for ident in ("m1", "m2", "m3"):
            findings.add(db, 1.0, "10.0.0.66", "worm", ident, "known")
    poller.start(heard=1)
    assert [finding.ident for finding in poller.findings()] == ["m2", "m3"]
    poller.look()
    assert list(poller.findings()) == []
    assert not rings(poller)
