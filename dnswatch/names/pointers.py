"""Pointers: names of clients from the reverse zones (PTR records, RFC 1035 section 3.5).

Asked are the site's own upstreams, and for a domain that is forwarded the servers of that domain.
The reverse zones of private addresses mean nothing to a server outside of the site, and asking
there would tell it about the inside (RFC 6303): only servers with private addresses are asked.
"""

import asyncio
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
from dns.message import Message, QueryMessage

from dnswatch.names.hostname import clean
from dnswatch.names.questions import FAILURES, Questions, forwarded
from dnswatch.settings import Forward, Server

AT_ONCE: Final = 4
"""Questions in flight."""

PER_CALL: Final = 50
"""Questions of one call of `ask`: with a call each half minute, two a second at most."""

PATIENCE: Final = 2.0
"""Seconds for one question to one server."""

REMEMBERED: Final = 86400.0
"""Seconds that a name counts, or that there is none: reverse zones change rarely."""

RETRY: Final = 900.0
"""Seconds until an address is asked for again after no server answered."""

MAX_NAMES: Final = 100_000
"""Addresses remembered; the one asked for longest ago goes first."""


class Pointers:
    """Asks, and remembers what was said."""

    def __init__(
        self, servers: tuple[Server, ...], forward: tuple[Forward, ...] = (), ca_file: str = ""
    ) -> None:
        """Ask `servers`, and those of `forward` for their domains; `ca_file` as in the settings."""
        self._servers = servers
        self._forward = forward
        self._questions = Questions(ca_file, PATIENCE)
        self._known: dict[bytes, tuple[str | None, float]] = {}

    def names(self, now: float) -> dict[bytes, str]:
        """Return the names that still count, by packed address."""
        return {
            address: name for address, (name, until) in self._known.items() if name and until > now
        }

    async def ask(self, addresses: Iterable[bytes], now: float) -> None:
        """Ask for the first few of these addresses that are not remembered; never raises."""
        wanted = [one for one in dict.fromkeys(addresses) if not self._is_known(one, now)]
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(address: bytes) -> None:
            async with gate:
                name, until = await self._look_up(address, now)
            self._known.pop(address, None)
            self._known[address] = (name, until)

        await asyncio.gather(*map(one, wanted[:PER_CALL]))
        while len(self._known) > MAX_NAMES:
            del self._known[next(iter(self._known))]

    def _is_known(self, address: bytes, now: float) -> bool:
        return self._known.get(address, (None, 0.0))[1] > now

    async def _look_up(self, packed: bytes, now: float) -> tuple[str | None, float]:
        name = dns.reversename.from_address(str(ip_address(packed)))
        question = dns.message.make_query(name, dns.rdatatype.PTR)
        for server in self._asked(packed, name.to_text(omit_final_dot=True).lower()):
            try:
                response = await self._questions.ask(question, server)
                target = _target(response)
            except FAILURES:
                continue  # with the next server: a client without a name is no failure
            if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return clean(target), now + REMEMBERED
        return None, now + RETRY

    def _asked(self, packed: bytes, name: str) -> tuple[Server, ...]:
        address = ip_address(packed)
        if address.is_loopback or address.is_link_local:
            return ()
        servers = forwarded(name, self._forward)
        if servers is not None:
            return servers
        if address.is_global:
            return self._servers
        return tuple(one for one in self._servers if one.address and not one.address.is_global)


def _target(response: Message) -> str:
    """Find the first name; RFC 2317 puts a CNAME in between."""
    answer = response.resolve_chaining().answer if isinstance(response, QueryMessage) else None
    return str(answer[0].to_text()) if answer else ""
