"""The order poller: looks a few times a second for what persons said, in a thread of its own.

Commands write to the store, so that an order holds whether or not a server runs; the watch must
not wait for a disk, so this thread reads, and rings where an order is new.  What the holding bay
found of messages comes the same way, without a bell: the watch takes it with the lookups.
"""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from dnswatch.errors import StoreError
from dnswatch.model.finding import Finding
from dnswatch.model.policies.orders import Orders
from dnswatch.settings import Settings
from dnswatch.watchdog.archive import Archive

EVERY: Final = 0.2
"""Seconds between two looks; the way from here to the workers takes milliseconds."""


class OrderPoller:
    """The thread that takes orders."""

    def __init__(self, archive: Archive, now: Callable[[], float]) -> None:
        """Read them from `archive`, which is this thread's own."""
        self._archive = archive
        self._now = now
        self._orders = Orders()
        self._findings: deque[Finding] = deque()
        self._heard = 0
        "Number of the last finding that was read."
        self.damage: StoreError | None = None
        "The damage that it met in the store, if any."
        self._bell, self._clapper = socket.socketpair()
        for end in (self._bell, self._clapper):
            end.setblocking(False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="order poller", daemon=True)

    def start(self, heard: int) -> None:
        """Begin, with the findings after the one of that number."""
        self._heard = heard
        self.look()
        self._thread.start()

    def reload(self, settings: Settings) -> None:
        """Go on with new settings."""
        self._archive.reload(settings)

    def fileno(self) -> int:
        """Return the number of what becomes readable where something is new, for a selector."""
        return self._bell.fileno()

    def orders(self) -> Orders:
        """Return what is in force, and stop ringing."""
        with suppress(BlockingIOError):
            while self._bell.recv(64):
                continue
        return self._orders

    def findings(self) -> Iterator[Finding]:
        """Yield what the bay found since the last call."""
        while self._findings:
            yield self._findings.popleft()

    def stop(self) -> None:
        """End; it holds nothing that could be lost."""
        self._stop.set()
        for end in (self._bell, self._clapper):
            end.close()

    def look(self) -> None:
        """Look once; orders that cannot be read now leave the earlier ones in force."""
        try:
            orders = self._archive.orders(self._now())
            found = self._archive.findings(self._heard)
        except StoreError as error:
            if error.is_damaged:
                self.damage = error
            return  # the recorder says so, and the process where it is damage
        if found:
            self._heard = found[-1].number
            self._findings.extend(found)
        if orders != self._orders:
            self._orders = orders
            self._ring()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self.look()

    def _ring(self) -> None:
        with suppress(OSError):  # it rings already, or nobody listens any more
            self._clapper.send(b"!")
