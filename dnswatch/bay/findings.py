"""Findings: what inspection says of a client's mail goes to the watch, by way of the store.

What the bay counts goes there with them.  Written in a thread of its own, off the path of an
answer.  While the store fails, findings wait; of more than `PENDING` the oldest go, since the
records of the messages hold them all.
"""

import asyncio
import contextlib
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dnswatch.bay.record import Envelope, Judged
from dnswatch.errors import StoreError
from dnswatch.store.bay.findings import add
from dnswatch.store.database import open_writer, sentences
from dnswatch.store.site import add_counters
from dnswatch.store.sqlite import Database

logger: Final = logging.getLogger("dnswatch.bay")

PENDING: Final = 10_000
"""Findings that wait at most: 5 MB."""

GATHER: Final = 0.2
"""Seconds in which findings gather: together they cost one transaction."""

COUNTING: Final = 5.0
"""Seconds after which counts are written though nothing was found: deliveries go on."""

RETRY: Final = 1.0
"""Seconds between two attempts."""


class FindingsWriter:
    """The findings on their way to the store, and the bay's counters."""

    def __init__(
        self,
        state: Path,
        take_counts: Callable[[], Counter[str]],
        now: Callable[[], float],
        *,
        in_fleet: bool = False,
    ) -> None:
        """Write to the store in the directory `state`, and what `take_counts` has counted.

        `in_fleet`, it is written for the fleet's leader.
        """
        self._in_fleet = in_fleet
        self._state = state
        self._take_counts = take_counts
        self._now = now
        self._counts: Counter[str] = Counter()
        "Those that wait."
        self._db: Database | None = None
        self._waiting: deque[tuple[Envelope, Judged]] = deque(maxlen=PENDING)
        self._called = asyncio.Event()
        self._is_troubled = False
        self._turn = threading.Lock()

    def tell(self, envelope: Envelope, judged: Judged) -> None:
        """Pass on what was found; never waits."""
        self._waiting.append((envelope, judged))
        self._called.set()

    async def run(self) -> None:
        """Write what is told, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(COUNTING):
                    await self._called.wait()
            await asyncio.sleep(GATHER)
            self._called.clear()
            await asyncio.to_thread(self.flush)
            if self._waiting:
                await asyncio.sleep(RETRY)
                self._called.set()

    def flush(self) -> None:
        """Write what waits, one thread at a time: the last call may meet one under way."""
        with self._turn:
            self._flush()

    def _flush(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self._counts.update(self._take_counts())
        if not batch and not self._counts:
            return
        try:
            self._write(batch)
        except StoreError as error:
            self.close()
            self._put_back(batch)
            if not self._is_troubled:
                logger.warning("what mail was found to be is not recorded for now: %s", error)
            self._is_troubled = True
            return
        self._is_troubled = False
        self._counts.clear()
        self.close()  # the watch may move a damaged store aside: SQLite deletes logs by their names

    def _put_back(self, batch: list[tuple[Envelope, Judged]]) -> None:
        """Let a batch wait again, before what came meanwhile; the oldest go where it is full."""
        room = PENDING - len(self._waiting)
        self._waiting.extendleft(reversed(batch[max(0, len(batch) - room) :]))

    def close(self) -> None:
        """Close the store."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _write(self, batch: list[tuple[Envelope, Judged]]) -> None:
        """Write all in one transaction: each costs a wait for the disk."""
        if self._db is None:
            self._db = open_writer(self._state)
        with sentences(self._state), self._db.conn:
            for envelope, judged in batch:
                reason = reason_of(judged)
                about = (envelope.key, judged.verdict, envelope.ident, reason)
                add(self._db, judged.at, *about, in_fleet=self._in_fleet)
            start = int(self._now()) // 60 * 60
            add_counters(self._db.conn, start, self._counts, in_fleet=self._in_fleet)


def reason_of(judged: Judged) -> str:
    """Say in one line why a message has its verdict."""
    said = [one for one in judged.opinions if one.says != "clean"]
    return "; ".join(f"{one.inspector}: {one.reason}" for one in said)[:1000]
