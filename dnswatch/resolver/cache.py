"""The answer cache of one worker: responses by the key that says who may share them.

Bounded in bytes; what goes is chosen by second chance: the oldest entry, unless it was used since
it was last looked at.  A look-up, a store and an eviction cost O(1).  An expired answer stays for
`stale` seconds more, to serve while upstreams fail (RFC 8767).

Rules of this file: time comes in as `now`; nothing is given out that has expired, but through
`stale`.
"""

from collections import OrderedDict
from typing import Final

from dnswatch.codes import Rcode
from dnswatch.settings import Cache
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response

FAILURE_TTL: Final = 5
"""Seconds that a failure is kept (RFC 9520 section 3.2: at least 1 s, at most 5 min)."""

FAILURES: Final = frozenset((Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NOTIMP, Rcode.FORMERR))
"""What an upstream says where it has no answer; another one may know better."""

RETRY_STALE: Final = float(FAILURE_TTL)
"""Seconds before upstreams are asked again for an answer that is served stale: as after any other
failure.  The 30 s of RFC 8767 section 5 spare authoritative servers; our upstreams spare those, and
a site that is back on line should not wait for half a minute to see it."""

_ENTRY_BYTES: Final = 620
_RECORD_BYTES: Final = 120
"""What an entry and a record cost beside their bytes: objects, tuples, a place in the dict.
Measured as growth of the process over 500,000 one-address answers (`python -m bench memory`)."""

_ANSWERS: Final = frozenset((Rcode.NOERROR.value, Rcode.NXDOMAIN.value))

_MAX_CHANCES: Final = 16
"""Entries spared by one eviction at most, so that it stays O(1)."""


class AnswerCache:
    """Key to response, at most `settings.size` bytes of them."""

    def __init__(self, settings: Cache) -> None:
        """Start empty."""
        self._entries: OrderedDict[bytes, Response] = OrderedDict()
        self._settings = settings
        self.bytes = 0
        "What the entries weigh."
        self.evicted = 0
        "Entries that went before their time since the cache was made."

    def __len__(self) -> int:
        """Count the entries, stale ones too."""
        return len(self._entries)

    def configure(self, settings: Cache) -> None:
        """Take other settings; what is kept stays, within the new bound."""
        self._settings = settings
        self._make_room()

    def get(self, key: bytes, now: float) -> Response | None:
        """Return the answer that is good now, or None."""
        response = self._entries.get(key)
        if response is None or response.expiry <= now:
            return None
        response.used = True
        return response

    def stale(self, key: bytes, now: float) -> Response | None:
        """Return an expired answer that may still serve while upstreams fail, or None."""
        response = self._entries.get(key)
        if response is None or response.rcode not in _ANSWERS:
            return None
        if now >= response.expiry + self._settings.stale:
            self._remove(response)
            return None
        response.used = True
        return response

    def stale_of(self, asked: Query, now: float) -> Response | None:
        """Return what may serve for a query while upstreams fail, kept for it or for its like.

        What was fetched with other bits of AD and DO will do; with CD set only for who set CD too:
        it may be what validation would have kept from the rest.
        """
        found = self.stale(asked.key, now)
        for key in () if found else asked.other_forms():
            found = found or self.stale(key, now)
        return found

    def put(self, key: bytes, response: Response, now: float) -> None:
        """Keep a response for its life, if it has one; it replaces what stood there."""
        if response.rcode in _ANSWERS and not response.truncated:
            ttl = min(float(response.ttl), self._settings.max_ttl)
        elif response.rcode in FAILURES and self.stale(key, now) is None:
            ttl = float(response.ttl or FAILURE_TTL)
        else:
            return  # what stands there may serve on: it is worth more than a failure
        old = self._entries.get(key)
        if old is not None:
            self._remove(old)
        if ttl <= 0:
            return
        response.key, response.stored_at, response.expiry = key, now, now + ttl
        self._entries[key] = response
        self.bytes += _weight(response)
        self._make_room()

    def forget(self, since: float) -> int:
        """Drop what was stored at `since` or later; return how many.  O(n), for an emergency."""
        doubtful = [kept for kept in self._entries.values() if kept.stored_at >= since]
        for response in doubtful:
            self._remove(response)
        return len(doubtful)

    def _make_room(self) -> None:
        """Evict until the bound holds."""
        while self.bytes > self._settings.size and self._entries:
            for _ in range(_MAX_CHANCES):
                response = next(iter(self._entries.values()))
                if not response.used:
                    break
                response.used = False
                self._entries.move_to_end(response.key)
            self._remove(next(iter(self._entries.values())))
            self.evicted += 1

    def _remove(self, response: Response) -> None:
        del self._entries[response.key]
        self.bytes -= _weight(response)


def _weight(response: Response) -> int:
    variable = len(response.key) + len(response.records) + _RECORD_BYTES * len(response.ttls)
    return _ENTRY_BYTES + variable
