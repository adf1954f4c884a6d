"""Leading: the watch of the whole site, for as long as the lease is ours.

Beside the watch's own threads, two more: one renews the lease, and ends the process at once where
it is lost; one ships the store to all other nodes.
"""

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from dnswatch import clock
from dnswatch.errors import EngineError, StoreError
from dnswatch.fleet.engine import FleetEngine
from dnswatch.fleet.gathering import Gathering
from dnswatch.fleet.lease import LeaderLease
from dnswatch.fleet.nodes import EVERY, Nodes
from dnswatch.fleet.sameness import sign_of
from dnswatch.fleet.shipping import Shipper
from dnswatch.model.changes import Cursor
from dnswatch.settings import Fleet, Source, combine
from dnswatch.watchdog.process import watch

SHIP: Final = 0.25
"""Seconds between two times that the store's changes are shipped."""

RETRY: Final = 0.5

KEEP: Final = 0.5
"""Seconds between two looks at the lease."""

LAST_TELLING: Final = 0.2
"""Seconds to tell what waits when told to stop."""

logger: Final = logging.getLogger("dnswatch.fleet")

Position = tuple[int, int]


def lead(
    source: Source,
    state: Path,
    fleet: Fleet,
    lease: LeaderLease,
    control: socket.socket,
    obey: Callable[[Source, bytes], bytes],
) -> None:
    """Watch the site until told to stop, or until the lease is lost, which ends the process."""
    current = [source]
    applied = Applied()
    gathering = Gathering(fleet, lease.fence, lambda: applied.by(positions(gathering, fleet)))
    keeper = _Keeper(lease, gathering)
    keeper.start()
    sign = sign_of(combine(source), state)
    shipper = Shipper(state, fleet, lease.fence, lambda data: obey(current[0], data), sign)
    shipper.begin()
    logger.info("this node leads the fleet from now on")
    shipping = _Shipping(shipper, Nodes(FleetEngine(fleet)), fleet.node, gathering, applied)
    shipping.start()
    try:
        watch(
            source,
            state,
            lambda _: gathering,
            control,
            reloaded=lambda source: current.__setitem__(0, source),
        )
    finally:
        shipping.stop()
        gathering.stop(LAST_TELLING)
        keeper.stop()


def positions(gathering: Gathering, fleet: Fleet) -> list[Position]:
    """Return what the stores of the other nodes have, of those that are there and have any."""
    return [
        node.position
        for node in gathering.nodes
        if node.name != fleet.node and node.position is not None
    ]


class Applied:
    """Which cursors the stores of all nodes have, by the versions that they have."""

    def __init__(self) -> None:
        """Know of no version yet."""
        self._versions: deque[tuple[Position, Sequence[Cursor]]] = deque()
        self._cursors: Sequence[Cursor] = ()

    def ship(self, position: Position, cursors: Sequence[Cursor]) -> None:
        """Note that a version was shipped which has these cursors, or later ones."""
        if cursors and (not self._versions or self._versions[-1][1] != cursors):
            self._versions.append((position, cursors))

    def by(self, positions: Iterable[Position]) -> Sequence[Cursor]:
        """Return the cursors that all have whose stores stand at these positions."""
        least = min(positions, default=None)
        while self._versions and (least is None or self._versions[0][0] <= least):
            self._cursors = self._versions.popleft()[1]
        return self._cursors


class _Keeper(threading.Thread):
    """Renews the lease."""

    def __init__(self, lease: LeaderLease, gathering: Gathering) -> None:
        super().__init__(name="lease", daemon=True)
        self._lease, self._gathering = lease, gathering
        self._stopped = threading.Event()

    def run(self) -> None:
        """Renew it; end the process where it is lost."""
        while not self._stopped.wait(KEEP):
            try:
                if not self._lease.renew() or self._gathering.is_deposed:
                    _end("another node leads the fleet")
            except EngineError as error:
                if not self._lease.is_held:
                    _end(str(error))

    def stop(self) -> None:
        """Give the lease back."""
        self._stopped.set()
        self.join()
        try:
            self._lease.release()
        except EngineError:
            return  # it ends by itself


class _Shipping(threading.Thread):
    """Ships what the store's writers change."""

    def __init__(
        self, shipper: Shipper, nodes: Nodes, node: str, gathering: Gathering, applied: Applied
    ) -> None:
        super().__init__(name="shipping", daemon=True)
        self._shipper, self._nodes, self._node = shipper, nodes, node
        self._gathering, self._applied = gathering, applied
        self._stopped = threading.Event()
        self._say_at = 0.0
        self._is_in_trouble = False

    def run(self) -> None:
        """Ship, some times a second."""
        while not self._stopped.wait(RETRY if self._is_in_trouble else SHIP):
            self._round()
        self._round()
        self._shipper.close()

    def stop(self) -> None:
        """Ship what was changed last, and end."""
        self._stopped.set()
        self.join()

    def _round(self) -> None:
        cursors = self._gathering.stored  # read first: the version has these at least
        try:
            self._shipper.round()
            self._applied.ship(self._shipper.position, cursors)
            if clock.elapsed() >= self._say_at:
                self._say_at = clock.elapsed() + EVERY
                self._nodes.say_position(self._node, self._shipper.position)
            self._is_in_trouble = False
        except (EngineError, StoreError) as error:
            if not self._is_in_trouble:
                logger.warning("the records are not shipped to other nodes for now: %s", error)
            self._is_in_trouble = True


def _end(why: str) -> NoReturn:
    """End the process at once: what it would still write is refused, or mended by a copy."""
    logger.warning("this node leads the fleet no more: %s", why)
    os._exit(0)
