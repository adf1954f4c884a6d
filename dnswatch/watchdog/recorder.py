"""The recorder: writes to the store what changed, in a thread of its own.

While the store fails, changes are kept and joined; beyond `PENDING` of a kind the oldest go, which
the counter `records_lost` says.  It tries again each second.

Once changes are written, memory that they took is given back: the C library keeps what lies between
two pieces that are in use, 38 MB of it after 50,000 clients looked up mail within some seconds.
"""

import ctypes
import logging
import threading
from collections.abc import Callable
from typing import Final

from dnswatch.errors import StoreError
from dnswatch.model.changes import Changes, Cursor, minute_of
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.trouble import Trouble

logger: Final = logging.getLogger("dnswatch.watchdog")

PENDING: Final = 100_000
"""Mail-related lookups, accounts by the minute and entries kept while the store fails: 150 MB."""

RETRY: Final = 1.0
"""Seconds between two attempts."""

_trim: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Of the GNU C library alone (malloc_trim(3))."""


class Recorder:
    """The thread that writes."""

    def __init__(self, archive: Archive, now: Callable[[], float], pending: int = PENDING) -> None:
        """Write to `archive`; keep up to `pending` changes of a kind while that fails."""
        self._archive = archive
        self._now = now
        self._limit = pending
        self._lock = threading.Lock()
        self._pending = Changes()
        self.stored: tuple[Cursor, ...] = ()
        "How much of the journals is in the store, as far as is known yet."
        self._called = threading.Event()
        self._is_closing = False
        self._trouble = Trouble(
            "nothing is recorded for now, will try again each second", "recording goes on"
        )
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, changes: Changes) -> None:
        """Hand over what changed; never waits for the disk."""
        with self._lock:
            self._pending.merge(changes)
            self._bound()
        self._called.set()

    @property
    def damage(self) -> StoreError | None:
        """The damage that it met in the store, if any: nothing is recorded any more."""
        return self._trouble.damage

    def close(self, deadline: float) -> None:
        """Write what there is, for at most `deadline` seconds, and end."""
        self._is_closing = True
        self._called.set()
        self._thread.join(deadline)
        if self._thread.is_alive():
            logger.warning("the disk is too slow: the last records could not be stored in time")

    def _run(self) -> None:
        is_last = False
        while not is_last:
            self._called.wait(RETRY)
            self._called.clear()
            is_last = self._is_closing  # read first: what was put before it was set is written
            self._write()
        self._archive.close()

    def _write(self) -> None:
        if self.damage is not None:
            return
        with self._lock:
            changes, self._pending = self._pending, Changes()
        if not changes:
            return
        try:
            with self._trouble.watch():
                self._archive.write(changes, self._now())
            self.stored = changes.cursors
        except StoreError:
            with self._lock:
                changes.merge(self._pending)
                self._pending = changes
                self._bound()
            return
        del changes
        if _trim is not None:
            _trim(0)  # 0.1 ms a second at full load, 2 ms where there is much to give

    def _bound(self) -> None:
        if lost := self._pending.trim(self._limit):
            self._pending.counters[minute_of(self._now())]["records_lost"] += lost
