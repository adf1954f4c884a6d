"""The desk takes orders from the store, whoever wrote them there."""

import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.settings import Settings
from dnswatch.store import Store, orders
from dnswatch.store.bay import findings
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give a desk over a store that is not there yet."""
    desk = Desk(Archive(tmp_path / "state", Settings()), lambda: 5.0)
    yield desk
    desk.stop()


def rings(desk: Desk) -> bool:
    return bool(select.select([desk], [], [], 0)[0])


def enable(state: Path, policy: str) -> None:
    with Store.open(state) as store, store.snapshot() as db:
        orders.enable(db, policy, "alice", 1.0)


def test_it_rings_for_what_is_new(desk: Desk, tmp_path: Path) -> None:
    """An order rings until it is taken; a look that finds nothing new is silent."""
    desk.look()
    assert not rings(desk)
    enable(tmp_path / "state", "delay")
    desk.look()
    assert rings(desk)
    assert desk.orders().enabled == {"delay"}
    assert not rings(desk)
    desk.look()
    assert not rings(desk)


def test_orders_stay_while_the_store_is_out_of_reach(desk: Desk, tmp_path: Path) -> None:
    """A store that cannot be opened changes nothing and raises nothing."""
    (tmp_path / "state").write_text("in the way")
    desk.look()
    assert not rings(desk)
    (tmp_path / "state").unlink()
    enable(tmp_path / "state", "delay")
    desk.look()
    assert desk.orders().enabled == {"delay"}


def test_findings_of_the_bay_are_taken_once(desk: Desk, tmp_path: Path) -> None:
    """What was heard before a restart is not heard again, and no bell is needed."""
    with Store.open(tmp_path / "state") as store, store.snapshot() as db:
        for ident in ("m1", "m2", "m3"):
            findings.add(db, 1.0, "10.0.0.66", "worm", ident, "known")
    desk.start(heard=1)
    assert [finding.ident for finding in desk.findings()] == ["m2", "m3"]
    desk.look()
    assert list(desk.findings()) == []
    assert not rings(desk)
