"""Back-off: who guesses wrong waits ever longer, by address and by account.

Bounded: at most `MOST` of them are remembered, and the one that was quiet longest goes first.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

FREE: Final = 3
"""Wrong guesses before anybody has to wait: persons mistype."""

LONGEST: Final = 300.0
"""Seconds, at most, between two guesses."""

MOST: Final = 10_000


class Backoff:
    """Who has to wait before the next guess; times are those of `clock.elapsed`."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        "Wrong guesses in a row, and when the next is allowed."

    def wait(self, who: Iterable[str], now: float) -> float:
        """Return for how many seconds none of them may guess."""
        return max(0.0, *(self._wrong.get(one, (0, now))[1] - now for one in who))

    def wrong(self, who: Iterable[str], now: float) -> None:
        """Note a wrong guess."""
        for one in who:
            count = self._wrong.pop(one, (0, 0.0))[0] + 1
            pause = min(LONGEST, 2.0 ** (count - FREE)) if count >= FREE else 0.0
            self._wrong[one] = (count, now + pause)
        while len(self._wrong) > MOST:
            self._wrong.popitem(last=False)

    def right(self, who: Iterable[str]) -> None:
        """Forget what was wrong before."""
        for one in who:
            self._wrong.pop(one, None)
