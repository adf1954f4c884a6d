"""Sizes that repeat: a worm sends one thing over and over, however it is encoded or named.

It is what told infected machines from others where payloads were not seen (WORM'04, section 4:
those whose payload sizes are similar to the worm's published size).
"""

from collections.abc import Callable
from typing import Final

from dnswatch.bay.inspection.inspector import Case, Said
from dnswatch.bay.inspection.recent import Recent, people

NEAR: Final = 0.01
"""Sizes that differ by so much are one size: the header holds another name each time."""

MOST: Final = 0.5
"""It must be so much of what a client sends; persons' messages have all sizes."""


class Sizes:
    """Remembers the sizes of what each client sent to whom."""

    name = "sizes"

    def __init__(self, *, same: int, window: float, now: Callable[[], float]) -> None:
        """So many messages of one size within the window (seconds) are suspicious."""
        self._same = same
        self._now = now
        self._recent: Recent[bytes, int] = Recent(window)

    async def look(self, case: Case) -> Said:
        """Count this client's messages of this size that went to other people."""
        envelope = case.envelope
        sizes = self._recent.add(envelope.key, people(envelope), envelope.size, self._now())
        alike = sum(1 for size in sizes.values() if abs(size - envelope.size) <= NEAR * size)
        if alike >= self._same and alike >= MOST * len(sizes):
            return "suspicious", (
                f"{alike} of the client's last {len(sizes)} messages to different people have"
                f" {envelope.size:,} bytes, within one in a hundred"
            )
        return "clean", f"{alike} of the client's last {len(sizes)} messages have this size"
