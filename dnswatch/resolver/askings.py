"""Askings: when a client asked first, so that a retry does not wait anew.

Retries of a stub share client, name and type, whatever port and ID they come with.
"""

from collections import OrderedDict
from typing import Final

Asking = tuple[bytes, bytes, int]
"""Client (packed address), name (lower-case wire form) and type."""

MEMORY: Final = 10.0
"""Seconds after the first asking in which the same question is a retry: glibc gives up then."""

LIMIT: Final = 10_000
"""Askings remembered at a time; then the oldest goes."""


class Askings:
    """The askings of the last seconds."""

    def __init__(self) -> None:
        """Begin with none."""
        self._first: OrderedDict[Asking, float] = OrderedDict()

    def first(self, asking: Asking, now: float) -> float:
        """Say when a question was asked first: now, unless this is a retry."""
        while self._first and next(iter(self._first.values())) <= now - MEMORY:
            self._first.popitem(last=False)
        if len(self._first) >= LIMIT and asking not in self._first:
            self._first.popitem(last=False)
        return self._first.setdefault(asking, now)
