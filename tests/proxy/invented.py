"""Invented time: an event loop whose clock jumps to whatever is due next."""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any

MIDNIGHT = 1_000_000.0
"""Where invented time begins, seconds."""


class _Leap(selectors.SelectSelector):
    """A selector that does not wait: time passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = MIDNIGHT

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look what is ready; where nothing is, let the time pass that might be waited for."""
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class InventedLoop(asyncio.SelectorEventLoop):
    """An event loop in invented time; nothing in it waits for the world."""

    def __init__(self) -> None:
        """Begin at `MIDNIGHT`."""
        self._leap = _Leap()
        self.faults: list[Mapping[str, Any]] = []
        "What was raised where nobody catches it."
        super().__init__(self._leap)
        self.set_exception_handler(lambda _, context: self.faults.append(context))

    def time(self) -> float:
        """The time it is now."""
        return self._leap.now

    def let(self, seconds: float) -> None:
        """Let time pass."""
        self.run_until_complete(asyncio.sleep(seconds))
