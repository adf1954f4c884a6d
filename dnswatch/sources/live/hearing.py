"""Hearing live: dnstap's messages as lookups, by our clock, without those that dnswatch made.

Rules of this file: no socket and no clock; `now` comes in as an argument.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from dnswatch.addresses import Address
from dnswatch.model.observation import Observation
from dnswatch.settings import Settings
from dnswatch.sources.dnstap import Hearing

SKEW: Final = 60.0
"""Seconds by which a resolver's clock may be off ours; beyond, a message is of when it came."""

_NAMES: Final = {
    "damaged": "tap_frames_broken",
    "dns_broken": "tap_messages_malformed",
    "lines_odd": "tap_frames_of_no_client",
    "answered": "tap_lookups",
    "unanswered": "tap_lookups_unanswered",
}
"""What is counted, as `dnswatch status` calls it."""


class LiveHearing:
    """What resolvers tell."""

    def __init__(self, is_here: Callable[[bytes], bool]) -> None:
        """Begin; `is_here` says whether a packed address is this machine's."""
        self._census: Counter[str] = Counter()
        self._counters: Counter[str] = Counter()
        self._hearing = Hearing(self._census)
        self._is_here = lru_cache(4096)(is_here)
        self._asked: frozenset[bytes] = frozenset()

    def configure(self, settings: Settings) -> None:
        """Take other settings: what dnswatch asks at those upstreams is passed over."""
        routes = [settings.upstream.servers, *(one.servers for one in settings.forward)]
        found = [(server.address, server.port) for servers in routes for server in servers]
        self._asked = frozenset(
            end for address, port in found if address is not None for end in _ends(address, port)
        )

    def hear(self, frames: Iterable[bytes], now: float) -> None:
        """Take frames."""
        matcher = self._hearing.matcher
        count = 0
        for frame in frames:
            count += 1
            message = self._hearing.message(frame)
            if message is None:
                continue
            at, addresses, ports, wire = message
            if not -SKEW <= at - now <= SKEW:
                self._counters["tap_times_untold" if not at else "tap_clock_mismatch"] += 1
                at = now
            if self._asked and self._is_own(addresses, ports, wire):
                self._counters["tap_of_dnswatch"] += 1
                continue
            matcher.hear(at, addresses, ports, wire)
        self._counters["tap_frames"] += count

    def told(self, until: float) -> tuple[list[Observation], Counter[str]]:
        """Return the lookups, and what there is to count, by the names of `dnswatch status`.

        All that was said before `until` has come: who has waited for too long then is given up.
        """
        self._hearing.matcher.expire(until)
        lookups, matched = self._hearing.matcher.take()
        counters, self._counters = self._counters, Counter()
        for census in (self._census, matched):
            counters.update({_NAMES[name]: n for name, n in census.items() if n and name in _NAMES})
        self._census.clear()
        return lookups, counters

    def _is_own(self, addresses: bytes, ports: bytes, wire: bytes) -> bool:
        """Tell whether a message is between dnswatch and a server that it asks."""
        size = len(addresses) // 2
        first, second = addresses[:size], addresses[size:]
        if wire[2:3] >= b"\x80":  # a response comes from the server
            return first + ports[:2] in self._asked and self._is_here(second)
        return second + ports[2:] in self._asked and self._is_here(first)


def _ends(address: Address, port: int) -> list[bytes]:
    """Write an upstream's end of a conversation; not all resolvers tell their own address."""
    number = port.to_bytes(2, "big")
    return [address.packed + number, bytes(len(address.packed)) + number]
