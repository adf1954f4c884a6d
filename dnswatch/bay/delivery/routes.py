"""Routes: from a recipient's domain to the exchanges that take its mail, in order of trial.

RFC 5321 section 5.1: the MX records by preference, equal ones in an order of chance; a domain
without any is its own exchange; RFC 7505: a null MX takes no mail at all.  The site's upstreams are
asked, so that what a quarantined client would hear does not count.

A route never leads to the bay itself, nor, unless the settings say so, to this very machine: the
kernel is asked whether it would keep a packet to itself, so an address that was added just now
counts, and so does a network that is routed here.
"""

import asyncio
import errno
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
from dns.message import Message, QueryMessage
from dns.rdata import Rdata
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.MX import MX
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from dnswatch import addresses
from dnswatch.addresses import Address, destination, read
from dnswatch.names.questions import FAILURES, Questions, forwarded
from dnswatch.settings import Forward, Server, Settings
from dnswatch.settings.bay import Release

logger: Final = logging.getLogger("dnswatch.bay")

PATIENCE: Final = 4.0
"""Seconds for one question to one server: nobody waits at a screen."""

AT_ONCE: Final = 50
"""Questions in flight: mail may wait, clients' lookups share these upstreams."""

MOST_RECORDS: Final = 100
"""Records of an answer that are looked at; no domain has more exchanges."""


@dataclass(frozen=True, slots=True)
class HostsFound:
    """What a server said of a name and a type."""

    records: tuple[Rdata, ...]
    "None where the name has none of this type."
    exists: bool
    "Whether there is such a name."
    ttl: int
    "Of the answer, seconds."


class MailLookups:
    """Asks the site's upstreams, and those of forwarded domains for theirs."""

    def __init__(
        self, servers: tuple[Server, ...], forward: tuple[Forward, ...] = (), ca_file: str = ""
    ) -> None:
        """Ask `servers`, and those of `forward` for their domains; `ca_file` as in the settings."""
        self._servers = servers
        self._forward = forward
        self._questions = Questions(ca_file, PATIENCE)
        self._access = asyncio.Semaphore(AT_ONCE)

    async def ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> HostsFound | None:
        """Ask one server after the other; None where none of them can say."""
        question = dns.message.make_query(name, kind, use_edns=0, payload=1232)
        for server in self._asked(name.to_text(omit_final_dot=True).lower()):
            try:
                async with self._access:
                    response = await self._questions.ask(question, server)
                found = _found(response)
            except FAILURES:
                continue
            if found is not None:
                return found
        return None

    def _asked(self, name: str) -> tuple[Server, ...]:
        servers = forwarded(name, self._forward)
        return self._servers if servers is None else servers


def _found(response: Message) -> HostsFound | None:
    if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None
    assert isinstance(response, QueryMessage), "it answers a query"
    chain = response.resolve_chaining()
    records = tuple(chain.answer)[:MOST_RECORDS] if chain.answer else ()
    return HostsFound(records, response.rcode() == dns.rcode.NOERROR, int(chain.minimum_ttl))


_UNICAST: Final = 1
"""The kernel's RTN_UNICAST: the packet leaves the machine; all other kinds do not reach another."""
_UNREACHABLE: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL)


class OwnAddresses:
    """What would be the bay, or this machine."""

    def __init__(self, settings: Settings) -> None:
        """Know the bay's addresses from the settings."""
        bay = settings.bay
        listen = [one.address for one in bay.listen if one.port == bay.release.port]
        self._bay = {read(one) for one in settings.quarantine.addresses} | set(listen)
        self._is_everywhere = any(one.is_unspecified for one in listen)
        self._may_be_here = bay.release.loopback

    async def is_here(self, address: Address) -> bool:
        """Say whether mail sent to an address would come to the bay, or to a forbidden place."""
        place = destination(address)
        if place in self._bay:
            return True
        if self._may_be_here and not self._is_everywhere:
            return False
        return place.is_loopback or await asyncio.to_thread(_is_kept, place)


def _is_kept(address: Address) -> bool:
    """Ask the kernel of this network namespace whether a packet to an address stays here."""
    try:
        with IPRoute() as kernel:
            return any(found["type"] != _UNICAST for found in kernel.route("get", dst=str(address)))
    except NetlinkError as error:
        if error.code not in _UNREACHABLE:
            logger.warning("the kernel cannot say whether %s is this machine: %s", address, error)
    except OSError as error:
        logger.warning("the kernel cannot say whether %s is this machine: %s", address, error)
    return False


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


class MailRoutes:
    """Finds routes, and remembers them for a while."""

    def __init__(
        self,
        lookups: MailLookups,
        *,
        own: OwnAddresses,
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
        if not domain:
            text = (
                "its address has no domain: a server of bay.release.smarthosts may know whose it is"
            )
            return NoRoute("refused", text), REMEMBERED
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
        self, domain: str, records: Sequence[tuple[int, dns.name.Name]], found: HostsFound
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
