"""Translations: what an address that DNS gave was first used for.

An address that an answer brings is *fresh* for its TTL, for `WINDOW` seconds at most, and for one
second at least.  The first contact to it while it is fresh tells what the lookup was for: the
translation is TCP-related where that goes to TCP, SMTP-related where to port 25, HTTP-related where
to port 80 or 443 (WORM'04, section 5.3), a submission where to port 465 or 587 (RFC 8314).  Whoever
makes that contact owns it: at a site's edge nobody sees who asked.

Millions of answers are judged by this file, so it knows of each address only when its life in the
site cache ends, which is what the rule in `sitecache` comes to; no event is made.

Rules of this file: lookups and contacts come in order of time; memory is bounded.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Final

from dnswatch.model.flow import Contact
from dnswatch.model.observation import Observation
from dnswatch.model.sitecache import MAX_TTL

WINDOW: Final = 60.0
"""Seconds that an address is fresh at most; the paper says none (a mail server asks again when it
tries again, half an hour later)."""

LEAST: Final = 1.0
"""Seconds that an address is fresh at least: TTL 0 is meant for the contact that follows."""

ADDRESSES: Final = 200_000
"""Fresh addresses held at a time, the one translated longest ago goes first; some 60 MB."""

_MANY: Final = 16
"""Answers that wait for a contact to their address, from which on those too old are let go."""

_TCP: Final = 6
PORT_PURPOSES: Final = {25: "smtp", 80: "http", 443: "http", 465: "submission", 587: "submission"}
PURPOSES: Final = ("all", "tcp", "http", "smtp", "submission")
"""What translations are counted for."""


class Translations:
    """The addresses that are fresh, and what came of those before."""

    def __init__(self, addresses: int = ADDRESSES) -> None:
        """Hold at most `addresses` fresh addresses, and as many lives."""
        self._new = self._refreshed = 0
        self._used: Counter[tuple[str, str]] = Counter()
        self._limit = addresses
        self._lives: dict[bytes, float] = {}
        "Address to when it expires, Unix seconds."
        self._fresh: OrderedDict[bytes, list[tuple[float, str]]] = OrderedDict()
        "Address to until when it is fresh, and of what kind it is, for each answer."

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """Purpose (`PURPOSES`) and kind (`new`, `refresh`), to how many."""
        return +Counter(
            {("all", "new"): self._new, ("all", "refresh"): self._refreshed, **self._used}
        )

    def take(self, lookups: Sequence[Observation], contacts: Sequence[Contact]) -> None:
        """Take both, each in order of time; what was answered at a moment precedes its contacts."""
        n, count = 0, len(contacts)
        for seen in lookups:
            if seen.addresses:
                while n < count and contacts[n].at < seen.at:
                    self.contact(contacts[n])
                    n += 1
                self.answer(seen)
        while n < count:
            self.contact(contacts[n])
            n += 1

    def answer(self, seen: Observation) -> None:
        """Take the addresses of one answer of an upstream."""
        at = seen.at
        for address, ttl in seen.addresses:
            kind = "new" if self._is_new(address, ttl, at) else "refresh"
            until = at + (WINDOW if ttl > WINDOW else ttl if ttl > LEAST else LEAST)
            waiting = self._fresh.get(address)
            if waiting is None:
                self._fresh[address] = [(until, kind)]
                if len(self._fresh) > self._limit:
                    self._fresh.popitem(last=False)
                continue
            waiting.append((until, kind))
            size = len(waiting)
            if size >= _MANY and not size & (size - 1):  # seldom enough to cost nothing
                waiting[:] = [one for one in waiting if one[0] >= at]
            self._fresh.move_to_end(address)

    def _is_new(self, address: bytes, ttl: int, now: float) -> bool:
        """Say whether the site had not seen an address, or no longer held it; count it."""
        ends = self._lives.get(address, 0.0)
        expiry = now + (0 if ttl < 0 else ttl if ttl < MAX_TTL else MAX_TTL)
        if expiry > ends:
            self._lives[address] = expiry
        if now < ends:
            self._refreshed += 1
            return False
        self._new += 1
        if len(self._lives) > self._limit:
            self._forget(now)
        return True

    def _forget(self, now: float) -> None:
        """Make room: lives that have ended go, and those that end first if that is not enough."""
        lives = [(expiry, address) for address, expiry in self._lives.items() if expiry > now]
        if len(lives) > self._limit * 3 // 4:
            lives.sort()
            del lives[: len(lives) - self._limit * 3 // 4]
        self._lives = {address: expiry for expiry, address in lives}

    def contact(self, contact: Contact) -> None:
        """Take the beginning of a flow: it tells what the fresh translations were for."""
        waiting = self._fresh.pop(contact.destination, None)
        if waiting is None or contact.protocol != _TCP:
            return
        purpose = PORT_PURPOSES.get(contact.port or 0)
        for until, kind in waiting:
            if contact.at <= until:
                self._used["tcp", kind] += 1
                if purpose:
                    self._used[purpose, kind] += 1
