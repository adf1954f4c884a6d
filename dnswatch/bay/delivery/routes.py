"""Routes: from a recipient's domain to the exchanges that take its mail, in order of trial.

RFC 5321 section 5.1: the MX records by preference, equal ones in an order of chance; a domain
without any is its own exchange; RFC 7505: a null MX takes no mail at all.  A route never leads to
the bay itself, nor, unless the settings say so, to this very machine (`ourselves`).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

import dns.exception
import dns.name
import dns.rdatatype
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.MX import MX

from dnswatch import addresses
from dnswatch.addresses import Address
from dnswatch.bay.delivery.lookups import Found, Lookups
from dnswatch.bay.delivery.ourselves import Ourselves
from dnswatch.settings.bay import Release

MOST_EXCHANGES: Final = 10
"""Exchanges of a domain that are tried: whoever has more means no harm to be done by it."""

MOST_ADDRESSES: Final = 4
"""Addresses of an exchange that are tried."""

REMEMBERED: Final = 300.0
"""Seconds that a route is used at most, however long its records live."""

UNKNOWN: Final = 30.0
"""Seconds until upstreams that could not say are asked again."""

MOST_ROUTES: Final = 10_000
"""Routes remembered; the one learned first goes first."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A mail host, with the addresses at which to try it."""

    name: str
    addresses: tuple[str, ...]
    "In order of trial."
    port: int


@dataclass(frozen=True, slots=True)
class Route:
    """Where a domain's mail goes."""

    exchanges: tuple[Exchange, ...]
    "In order of trial, at least one."

    @property
    def name(self) -> str:
        """What to call it: its first exchange."""
        return self.exchanges[0].name


@dataclass(frozen=True, slots=True)
class NoRoute:
    """Why there is no route, now or at all."""

    result: Literal["later", "refused"]
    text: str


class Routes:
    """Finds routes, and remembers them for a while."""

    def __init__(
        self,
        lookups: Lookups,
        *,
        own: Ourselves,
        release: Release,
        now: Callable[[], float],
        chance: Random,
    ) -> None:
        """Ask `lookups`; mail sent to what `own` knows would come back."""
        self._lookups = lookups
        self._own = own
        self._port = release.port
        self._loopback = release.loopback
        self._now = now
        self._chance = chance
        self._known: dict[str, tuple[Route | NoRoute, float]] = {}
        self._asking: dict[str, asyncio.Task[Route | NoRoute]] = {}

    async def of(self, domain: str) -> Route | NoRoute:
        """Return the route of a domain, or of an address literal (RFC 5321 section 4.1.3)."""
        domain = domain.lower()
        known, until = self._known.get(domain, (None, 0.0))
        if known is not None and until > self._now():
            return known
        if domain not in self._asking:  # all messages to a domain share one search
            task = asyncio.create_task(self._learn(domain))
            self._asking[domain] = task
            task.add_done_callback(lambda _: self._asking.pop(domain))
        return await asyncio.shield(self._asking[domain])

    async def _learn(self, domain: str) -> Route | NoRoute:
        found, ttl = await self._find(domain)
        self._known.pop(domain, None)
        self._known[domain] = (found, self._now() + min(ttl, REMEMBERED))
        while len(self._known) > MOST_ROUTES:
            del self._known[next(iter(self._known))]
        return found

    async def _find(self, domain: str) -> tuple[Route | NoRoute, float]:
        if domain.startswith("["):
            return await self._literal(domain), REMEMBERED
        try:
            name = dns.name.from_text(domain)
        except (dns.exception.DNSException, UnicodeError):
            return NoRoute("refused", f"'{domain}' is no domain"), REMEMBERED
        found = await self._lookups.ask(name, RdataType.MX)
        if found is None:
            return NoRoute("later", f"no upstream can say who takes mail for {domain}"), UNKNOWN
        if not found.exists:
            return NoRoute("refused", f"there is no domain {domain}"), REMEMBERED
        records = [record for record in found.records if isinstance(record, MX)]
        if not records:
            return await self._follow(domain, [(0, name)], found)
        pairs = [(one.preference, one.exchange) for one in records]
        if all(exchange == dns.name.root for _, exchange in pairs):
            return NoRoute("refused", f"{domain} takes no mail (RFC 7505)"), REMEMBERED
        return await self._follow(domain, pairs, found)

    async def _follow(
        self, domain: str, records: Sequence[tuple[int, dns.name.Name]], found: Found
    ) -> tuple[Route | NoRoute, float]:
        """Look up the addresses of exchanges, given with their preferences."""
        shuffled = self._chance.sample(records, len(records))
        ordered = sorted(shuffled, key=lambda pair: pair[0])[:MOST_EXCHANGES]
        hosts = await asyncio.gather(*(self._addresses(name) for _, name in ordered))
        here = await self._here(one for some in hosts for one in some or ())
        exchanges: list[tuple[int, Exchange]] = []
        own, is_vague = None, False
        for (preference, name), found_at in zip(ordered, hosts, strict=True):
            if found_at is None:
                is_vague = True
            elif not here.isdisjoint(found_at):
                own = preference if own is None else own
            elif usable := tuple(str(one) for one in found_at if self._is_usable(one)):
                host = name.to_text(omit_final_dot=True)
                exchanges.append((preference, Exchange(host, usable, self._port)))
        if own is not None:  # whoever is less preferred than ourselves would send it back to us
            exchanges = [(at, one) for at, one in exchanges if at < own]
        if exchanges:
            return Route(tuple(one for _, one in exchanges)), found.ttl
        if is_vague:
            return NoRoute("later", f"no upstream can say where {domain}'s exchanges are"), UNKNOWN
        if own is not None:
            text = (
                f"the exchange of {domain} is this holding bay, or this machine: mail would go in"
                " circles (bay.release.loopback = true where a mail server runs here, too)"
            )
            return NoRoute("later", text), UNKNOWN
        return NoRoute("refused", f"no exchange of {domain} has a usable address"), REMEMBERED

    async def _addresses(self, name: dns.name.Name) -> list[Address] | None:
        """Return a host's addresses, of both kinds in turn; None where nobody can say."""
        kinds = (RdataType.AAAA, RdataType.A)
        six, four = await asyncio.gather(*(self._lookups.ask(name, kind) for kind in kinds))
        if six is None and four is None:
            return None
        texts = [[one.to_text() for one in found.records] if found else [] for found in (six, four)]
        shuffled = [self._chance.sample(some, len(some)) for some in texts]
        turns = [text for pair in zip(*shuffled, strict=False) for text in pair]
        left = [text for some in shuffled for text in some[min(map(len, shuffled)) :]]
        return [addresses.read(text) for text in (turns + left)[:MOST_ADDRESSES]]

    async def _here(self, found: Iterable[Address]) -> set[Address]:
        """Return those of some addresses that would be ourselves."""
        unique = [one for one in dict.fromkeys(found) if self._is_usable(one)]
        answers = await asyncio.gather(*map(self._own.is_here, unique))
        return {one for one, is_here in zip(unique, answers, strict=True) if is_here}

    async def _literal(self, domain: str) -> Route | NoRoute:
        try:
            address = addresses.literal(domain)
        except ValueError:
            return NoRoute("refused", f"'{domain}' is no address")
        if not self._is_usable(address) or await self._own.is_here(address):
            return NoRoute("refused", f"no mail is sent to {domain}")
        return Route((Exchange(domain, (str(address),), self._port),))

    def _is_usable(self, address: Address) -> bool:
        place = addresses.destination(address)
        if place.is_loopback:
            return self._loopback
        return not (place.is_unspecified or place.is_multicast)
