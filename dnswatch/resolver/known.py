"""Known addresses: what mail-related answers brought to this worker, and until when.

It tells a refresh from news.  The site cache would know it better, but stands in the watch, which
no answer waits for: an address that only another worker has seen counts as new here, and passes.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

LIMIT: Final = 100_000
"""Addresses remembered at a time, 15 MB; then the one seen longest ago goes."""


class KnownAddresses:
    """Address to expiry."""

    def __init__(self) -> None:
        """Begin with none."""
        self._expiry: OrderedDict[bytes, float] = OrderedDict()

    def note(self, addresses: Iterable[tuple[bytes, int]], now: float) -> bool:
        """Take in an upstream's addresses with TTLs; say whether it brought nothing but refreshes.

        Without addresses there is nothing to refresh.
        """
        is_refresh = is_any = False
        for place, (address, ttl) in enumerate(addresses):
            is_any = True
            expiry = self._expiry.pop(address, 0.0)
            is_refresh = expiry > now and (is_refresh or not place)
            self._expiry[address] = max(expiry, now + ttl)
        while len(self._expiry) > LIMIT:
            self._expiry.popitem(last=False)
        return is_any and is_refresh
