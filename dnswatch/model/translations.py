"""Translations: what an address that DNS gave was first used for.

An address that an answer brings is *fresh* for its TTL, for `WINDOW` seconds at most, and for one
second at least.  The first contact to it while it is fresh tells what the lookup was for: the
translation is TCP-related where that goes to TCP, SMTP-related where to port 25, HTTP-related where
to port 80 or 443 (WORM'04, section 5.3), a submission where to port 465 or 587 (RFC 8314).  Whoever
makes that contact owns it: at a site's edge nobody sees who asked.

Rules of this file: lookups and contacts come in order of time; memory is bounded.
"""

from collections import Counter, OrderedDict, deque
from typing import Final

from dnswatch.model.flow import Contact
from dnswatch.model.observation import Observation
from dnswatch.model.sitecache import New, SiteCache

WINDOW: Final = 60.0
"""Seconds that an address is fresh at most; the paper says none (a mail server asks again when it
tries again, half an hour later)."""

LEAST: Final = 1.0
"""Seconds that an address is fresh at least: TTL 0 is meant for the contact that follows."""

ADDRESSES: Final = 200_000
"""Fresh addresses held at a time, the one translated longest ago goes first; some 60 MB."""

_TCP: Final = 6
_PURPOSES: Final = {25: "smtp", 80: "http", 443: "http", 465: "submission", 587: "submission"}
PURPOSES: Final = ("all", "tcp", "http", "smtp", "submission")
"""What translations are counted for."""


class Translations:
    """The addresses that are fresh, and what came of those before."""

    def __init__(self, addresses: int = ADDRESSES) -> None:
        """Hold at most `addresses` fresh addresses, and as many in the site cache."""
        self.counts: Counter[tuple[str, str]] = Counter()
        """Purpose (`PURPOSES`) and kind (`new`, `refresh`), to how many."""
        self._limit = addresses
        self._cache = SiteCache(addresses)
        self._fresh: OrderedDict[bytes, deque[tuple[float, str]]] = OrderedDict()
        "Address to until when it is fresh, and of what kind it is, for each answer."

    def answer(self, seen: Observation) -> None:
        """Take the addresses of one answer of an upstream."""
        for address, ttl in seen.addresses:
            event = self._cache.answer(address, ttl, seen.at)[-1]
            kind = "new" if isinstance(event, New) else "refresh"
            self.counts["all", kind] += 1
            until = seen.at + min(max(ttl, LEAST), WINDOW)
            waiting = self._fresh.setdefault(address, deque())
            while waiting and waiting[0][0] < seen.at:
                waiting.popleft()
            waiting.append((until, kind))
            self._fresh.move_to_end(address)
            if len(self._fresh) > self._limit:
                self._fresh.popitem(last=False)

    def contact(self, contact: Contact) -> None:
        """Take the beginning of a flow: it tells what the fresh translations were for."""
        waiting = self._fresh.pop(contact.destination, None)
        if waiting is None or contact.protocol != _TCP:
            return
        purpose = _PURPOSES.get(contact.port or 0)
        for until, kind in waiting:
            if contact.at <= until:
                self.counts["tcp", kind] += 1
                if purpose:
                    self.counts[purpose, kind] += 1
