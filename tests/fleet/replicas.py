"""Stores of some nodes, one of which leads, through a real engine."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dnswatch.fleet.following import Replica
from dnswatch.fleet.shipping import Shipper
from dnswatch.store import Store, orders, replica
from tests.fleet.engine import RealEngine
from tests.records import NOON
from tests.store.test_replica import rows


class Replicas:
    """Some nodes' stores, and who leads."""

    def __init__(self, folder: Path, engine: RealEngine) -> None:
        self.folder, self.engine = folder, engine

    def state(self, node: str) -> Path:
        return self.folder / node

    def leads(
        self,
        node: str,
        fence: int,
        obey: Callable[[bytes], bytes] = lambda data: data,
        sign: str = "plain",
    ) -> Shipper:
        shipper = Shipper(self.state(node), self.engine.settings(node), fence, obey, sign)
        shipper.begin()
        return shipper

    def follows(self, node: str, sign: str = "plain") -> Replica:
        return Replica(self.state(node), self.engine.settings(node), lambda: None, lambda: sign)

    def write(self, node: str, name: str) -> None:
        with Store.open(self.state(node)) as store, store.snapshot() as db:
            orders.enable(db, name, "root", NOON)

    def rows(self, node: str) -> object:
        with Store.open(self.state(node)) as store, store.snapshot() as db:
            return rows(db), replica.read(db).position


@contextmanager
def at_work(leader: Shipper, *followers: Replica) -> Iterator[None]:
    """Play a leader and followers at work."""
    over = threading.Event()

    def turns() -> None:
        while not over.wait(0.01):
            leader.round()
            for each in followers:
                each.catch_up()

    thread = threading.Thread(target=turns)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def copy(leader: Shipper, follower: Replica) -> None:
    """Play a leader's rounds until a follower has its copy."""
    with at_work(leader):
        while follower.position is None:
            follower._copy_at = 0.0
            follower.catch_up()
