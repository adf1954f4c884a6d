"""The tally: what strangers cause is counted and said once a minute, never a log line each.

Anybody can connect, break off a handshake or send what no program sends, as often as he likes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

logger: Final = logging.getLogger("dnswatch.bay")

QUIET: Final = 60.0
"""Seconds between two lines."""


class Tally:
    """Counts what happens, by kind; the first of it is said at once."""

    def __init__(self, key: Callable[[str], str], quiet: float = QUIET) -> None:
        """`key` is how a client stands in the log."""
        self._key = key
        self._quiet = quiet
        self._counts: Counter[str] = Counter()
        self._last = ""
        self._timer: asyncio.TimerHandle | None = None

    def note(self, what: str, client: str, error: BaseException | None = None) -> None:
        """Count `what` happened with a connection; an error of ours is written whole, once."""
        self._counts[what] += 1
        self._last = client
        if self._timer is None:
            self._say(error)
            self._timer = asyncio.get_running_loop().call_later(self._quiet, self._next)

    def _next(self) -> None:
        self._timer = None
        if self._counts:
            self._say()
            self._timer = asyncio.get_running_loop().call_later(self._quiet, self._next)

    def _say(self, error: BaseException | None = None) -> None:
        said = "; ".join(f"{count} {what}" for what, count in self._counts.most_common())
        level = logging.INFO if error is None else logging.ERROR
        logger.log(
            level, "connections: %s; the last of client '%s'", said, self._key(self._last),
            exc_info=error,
        )  # fmt: skip
        self._counts.clear()
