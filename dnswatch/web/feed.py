"""The feed: figures that move, read once for everybody who has a page open.

One reader asks the store a few times a second whether anything was written, and only then reads;
each open page gets the newest there is, so a slow one holds nobody up and costs no memory.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from dnswatch import clock
from dnswatch.bay.paths import spool_of
from dnswatch.errors import DnswatchError
from dnswatch.web.console import Console
from dnswatch.web.pages import mail, site

LOOK: Final = 0.5
"""Seconds between two questions whether anything changed."""

PACE: Final = 1.0
"""Seconds between two sendings, at least."""

ALIVE: Final = 15.0
"""Seconds after which a stream says that it lives, and looks whether its visit does."""

logger: Final = logging.getLogger("dnswatch.web")


class Feed:
    """What all open pages are told."""

    def __init__(self, console: Console) -> None:
        """Read from a console's store."""
        self._console = console
        self._news = asyncio.Condition()
        self._latest = b""
        self._number = 0
        self._listeners = 0
        self._seen: tuple[int, ...] = ()
        self._held = 0
        self._is_over = False

    async def run(self) -> None:
        """Look again and again, as long as anybody listens."""
        while not self._is_over:
            await asyncio.sleep(LOOK)
            if not self._listeners:
                self._seen = ()
                continue
            try:
                latest = await asyncio.to_thread(self._look)
            except DnswatchError as error:
                logger.debug("%s", error)  # a page says so to whoever opens one
                continue
            if latest is not None:
                async with self._news:
                    self._latest, self._number = latest, self._number + 1
                    self._news.notify_all()
                await asyncio.sleep(PACE - LOOK)

    async def close(self) -> None:
        """End all streams."""
        self._is_over = True
        async with self._news:
            self._news.notify_all()

    async def stream(self, secret: str) -> AsyncIterator[bytes]:
        """Yield server-sent events until the visit is over."""
        self._listeners += 1
        number = 0
        try:
            yield b"retry: 2000\n\n"
            while not self._is_over:
                if await self._is_newer(number):
                    number = self._number
                    yield self._latest
                else:
                    yield b": alive\n\n"
                if self._console.register.visitor(secret, clock.now(), is_page=False) is None:
                    return
        finally:
            self._listeners -= 1

    async def _is_newer(self, number: int) -> bool:
        """Wait a while for something newer than a number."""
        try:
            async with asyncio.timeout(ALIVE), self._news:
                await self._news.wait_for(lambda: self._is_over or self._number > number)
        except TimeoutError:
            return False
        return True

    def _look(self) -> bytes | None:
        """Write down what all pages are told; None where nothing changed."""
        seen = (self._console.changes(), _touched(self._console))
        if seen == self._seen:
            return None
        mail_changed = not self._seen or seen[1] != self._seen[1]
        self._seen = seen
        front = site.live(self._console)
        if mail_changed:
            self._held = mail.held_count(self._console)
        told = {
            "figures": front.figures | {"held": self._held},
            "chart": front.chart,
            "topics": {"log": self._log(), "mail": seen[1], "store": seen[0]},
        }
        return b"data: " + msgspec.json.encode(told) + b"\n\n"

    def _log(self) -> int:
        """Return the number of the last change that the log tells of."""
        with self._console.glance() as glance:
            row = glance.db.conn.execute("SELECT max(id) FROM change").fetchone()
        return int(row[0] or 0)


def _touched(console: Console) -> int:
    """Return a number that differs when the bay's index was written to."""
    folder = spool_of(console.settings, console.state).path
    total = 0
    for name in ("index.db", "index.db-wal", "orders"):
        try:
            total += (folder / name).stat().st_mtime_ns
        except OSError:
            continue
    return total % (1 << 53)  # what JavaScript counts exactly
