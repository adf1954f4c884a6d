"""The answer cache of one worker: responses by the key that says who may share them.

Bounded in bytes; what goes is chosen by second chance: the oldest entry, unless it was used since
it was last looked at.  A look-up, a store and an eviction cost O(1).  An expired answer stays for
`stale` seconds more, to serve while upstreams fail (RFC 8767).

Rules of this file: time comes in as `now`; nothing is given out that has expired, but through
`stale`.
"""

from collections import deque
from typing import Final

from dnswatch.codes import Rcode
from dnswatch.resolver import kept
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

_ENTRY_BYTES: Final = 150
"""What an entry costs beside its bytes: two objects, a place in the table and one in the queue.
Measured as growth of the process over 500,000 one-address answers (`python -m bench memory`)."""

_NOERROR: Final = Rcode.NOERROR.value
_NXDOMAIN: Final = Rcode.NXDOMAIN.value

_MAX_CHANCES: Final = 16
"""Entries spared by one eviction at most, so that it stays O(1)."""


_TABLES: Final = 64
"""Dicts that share the entries: one that held a million would stop all for 40 ms when it grows."""

_SLACK: Final = 1000
"""Places in the queue that nothing stands behind, beyond as many as there are entries."""


class AnswerCache:
    """Key to response, at most `settings.size` bytes of them."""

    def __init__(self, settings: Cache) -> None:
        """Start empty."""
        self._tables: list[dict[bytes, bytes]] = [{} for _ in range(_TABLES)]
        self._queue: deque[bytes] = deque()
        "The key of each entry, oldest first; those of entries that were removed as well."
        self._count = 0
        self.bytes = 0
        "What the entries weigh."
        self.evicted = 0
        "Entries that went before their time since the cache was made."
        self.configure(settings)

    def __len__(self) -> int:
        """Count the entries, stale ones too."""
        return self._count

    def configure(self, settings: Cache) -> None:
        """Take other settings; what is kept stays, within the new bound."""
        # Plain numbers: what is derived from one is compared and added up generically.
        self._most = int(settings.size)
        self._max_ttl, self._stale = float(settings.max_ttl), float(settings.stale)
        self._make_room()

    def get(self, key: bytes, now: float) -> Response | None:
        """Return the answer that is good now, or None."""
        entry = self._table(key).get(key)
        if entry is None or kept.expiry(entry) <= now:
            return None
        self.touch(key)
        return kept.unpack(key, entry)

    def touch(self, key: bytes) -> None:
        """Note that an answer is in use, so that others go first."""
        table = self._table(key)
        entry = table.get(key)
        if entry is not None and not kept.is_used(entry):
            table[key] = kept.marked(entry, used=True)

    def stale(self, key: bytes, now: float) -> Response | None:
        """Return an expired answer that may still serve while upstreams fail, or None."""
        entry = self._table(key).get(key)
        if entry is None or now >= kept.expiry(entry) + self._stale:
            return None
        response = kept.unpack(key, entry)
        if response.rcode not in (_NOERROR, _NXDOMAIN):
            return None
        self.touch(key)
        return response

    def postpone(self, stale: Response, until: float) -> None:
        """Note that upstreams are not asked again for a stale answer before `until`."""
        stale.retry_at = until
        table = self._table(stale.key)
        if stale.key in table:
            table[stale.key] = kept.marked(kept.pack(stale), used=True)

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
        if response.rcode in (_NOERROR, _NXDOMAIN) and not response.truncated:
            ttl = min(float(response.ttl), self._max_ttl)
        elif response.rcode in FAILURES and self.stale(key, now) is None:
            ttl = float(response.ttl or FAILURE_TTL)
        else:
            return  # what stands there may serve on: it is worth more than a failure
        if ttl <= 0:
            self._remove(key)
            return
        response.key, response.stored_at, response.expiry = key, now, now + ttl
        table, entry = self._table(key), kept.pack(response)
        old = table.get(key)
        if old is None:
            self._queue.append(key)
            self._count += 1
        else:
            self.bytes -= _weight(key, old)
        table[key] = entry
        self.bytes += _weight(key, entry)
        self._make_room()

    def forget(self, since: float) -> int:
        """Drop what was stored at `since` or later; return how many.  O(n), for an emergency."""
        doubtful = [
            key
            for table in self._tables
            for key, entry in table.items()
            if kept.stored_at(entry) >= since
        ]
        for key in doubtful:
            self._remove(key)
        return len(doubtful)

    def _table(self, key: bytes) -> dict[bytes, bytes]:
        return self._tables[hash(key) % _TABLES]

    def _make_room(self) -> None:
        """Evict until the bound holds."""
        spared = 0
        while self.bytes > self._most and self._count:
            key = self._queue.popleft()
            table = self._table(key)
            entry = table.get(key)
            if entry is None:
                continue  # it was removed
            if kept.is_used(entry) and spared < _MAX_CHANCES:
                spared += 1
                table[key] = kept.marked(entry, used=False)
                self._queue.append(key)
                continue
            spared = 0
            self._drop(key)
            self.evicted += 1

    def _remove(self, key: bytes) -> None:
        """Drop an entry; its place in the queue stays for a while."""
        if key not in self._table(key):
            return
        self._drop(key)
        if len(self._queue) > 2 * self._count + _SLACK:
            standing = (key for key in self._queue if key in self._table(key))
            self._queue = deque(dict.fromkeys(standing))

    def _drop(self, key: bytes) -> None:
        self.bytes -= _weight(key, self._table(key).pop(key))
        self._count -= 1


def _weight(key: bytes, entry: bytes) -> int:
    return _ENTRY_BYTES + len(key) + len(entry)
