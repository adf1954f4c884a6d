"""The post: how a mail travels, with lookups, a connection, and what a defence says to each.

Other connections that a worm makes (`call`) go the same way.

A process of the loop that hands a mail to the post says `fate = yield from post.send(...)`.
"""

from collections.abc import Callable, Generator, Iterable
from functools import lru_cache
from math import inf
from typing import Final, NamedTuple

from dnswatch.codes import Rcode, Type
from dnswatch.lab.campus.defences.acts import SeenContact, Throttle
from dnswatch.lab.campus.defences.throttles import SMTP
from dnswatch.lab.campus.run.loop import Loop, Process
from dnswatch.lab.campus.run.resolver import Asking, Reply, Resolver
from dnswatch.lab.campus.run.resolver import Hear as HearLookup
from dnswatch.lab.campus.run.truth import MailFate, SentMail, Truth
from dnswatch.lab.campus.world import FOREIGN, HTTP, Outside, takes_mail
from dnswatch.model.observation import Observation, Origin
from dnswatch.wire.name import from_text

_A: Final = int(Type.A)
_MX: Final = int(Type.MX)

Hear = Callable[[SeenContact, bool], None]
"""Takes a connection, and whether it was made."""

Sending = Generator[float, None, MailFate]
Routing = Generator[float, None, "MailRoute"]


class Way(NamedTuple):
    """How a sender finds exchanges."""

    asks_mx: bool = True
    "It asks for MX records."
    tries_domain: bool = True
    "Without MX records it takes the domain's own address."
    guesses: tuple[str, ...] = ()
    "Mail hosts that it guesses where that brought nothing."
    resolver: str = "site"
    "Whom it asks: `site`, `foreign` servers, or a resolver of its `own` that nobody sees."
    picks_any: bool = False
    "It takes one of the exchanges at random, not the first."


PLAIN: Final = Way()
"""How honest senders find exchanges (RFC 5321 section 5.1)."""


class Letter(NamedTuple):
    """A mail to be sent."""

    source: bytes
    domain: str
    recipient: str
    worm: str = ""
    unreachable: bool = False
    "Its exchange lets nobody connect today."


class MailRoute(NamedTuple):
    """Where a mail is to go."""

    address: bytes | None
    fate: MailFate = MailFate.FAILED
    "What becomes of it where there is no address."


_HELD: Final = MailRoute(None, MailFate.HELD)
_REFUSED: Final = MailRoute(None, MailFate.REFUSED)
_NOWHERE: Final = MailRoute(None, MailFate.FAILED)


class Edge(NamedTuple):
    """What stands before connections."""

    throttle: Throttle
    is_in_hosts: bool
    "In each host, so that it sees what stays within the site too; else in the router."


class Post:
    """Carries mails."""

    def __init__(
        self,
        outside: Outside,
        resolver: Resolver,
        loop: Loop,
        truth: Truth,
        servers: frozenset[bytes],
        redirects: bool,
    ) -> None:
        """Carry mails of the hosts of a site; `servers` are its declared mail servers."""
        self.edge: Edge | None = None
        "What stands before connections, if anything does."
        self.hear: Hear | None = None
        "Hears each connection that was tried."
        self.hear_passing: HearLookup | None = None
        "Hears each lookup that passes by the site's server to a foreign one: the edge sees it."
        self._outside = outside
        self._resolver = resolver
        self._loop = loop
        self._truth = truth
        self._servers = servers
        self._redirects = redirects

    def send(self, letter: Letter, way: Way = PLAIN) -> Sending:
        """Send a mail; returns what became of it."""
        begun = self._loop.now
        route = yield from self._route(letter, way)
        fate = route.fate
        if route.address is not None:
            fate = yield from self._deliver(letter, route.address, way)
        waited = self._loop.now - begun
        self._truth.tried(
            SentMail(begun, letter.source, letter.domain, route.address, letter.worm, fate, waited),
            is_server=letter.source in self._servers,
        )
        return fate

    def ask(
        self, source: bytes, name: bytes, qtype: int, way: Way
    ) -> Generator[float, None, Reply]:
        """Put a question to whom the sender puts them, and wait for the reply."""
        is_foreign = way.resolver == "foreign"
        if way.resolver == "own" or (is_foreign and not self._redirects):
            return self._elsewhere(source, name, qtype, is_foreign)
        reply = self._resolver.ask(Asking(source, name, qtype, is_foreign))
        if reply.at > self._loop.now:
            yield reply.at
        return reply

    def _elsewhere(self, source: bytes, name: bytes, qtype: int, is_foreign: bool) -> Reply:
        """Let others than the site's server answer: nothing is kept, and it sees nothing of it."""
        heard = self._outside.answer(name, qtype)
        if is_foreign and self.hear_passing is not None:
            self.hear_passing(
                Observation(
                    self._loop.now,
                    source,
                    name,
                    qtype,
                    heard.rcode,
                    Origin.UPSTREAM,
                    heard.addresses,
                    heard.exchanges,
                    heard.ttl if heard.exchanges else 0,
                    recursion=False,
                    server=FOREIGN,
                )
            )
        addresses = tuple(address for address, _ in heard.addresses)
        return Reply(self._loop.now, heard.rcode, addresses, heard.exchanges)

    def _route(self, letter: Letter, way: Way) -> Routing:
        """Look for an address that takes mail for a domain."""
        domain = _wire(letter.domain)
        if way.asks_mx:
            reply = yield from self.ask(letter.source, domain, _MX, way)
            if (found := _ended(reply)) is not None:
                return found
            names: Iterable[bytes] = reply.exchanges
            if way.picks_any and reply.exchanges:
                names = (reply.exchanges[hash_of(letter.recipient) % len(reply.exchanges)],)
            for name in names:
                route = yield from self._address(letter, name, way)
                if route is not _NOWHERE:
                    return route
        if way.tries_domain and not (way.asks_mx and reply.exchanges):
            route = yield from self._address(letter, domain, way)
            if route is not _NOWHERE:
                return route
        for label in way.guesses:
            guess = bytes((len(label),)) + label.encode() + domain
            route = yield from self._address(letter, guess, way)
            if route is not _NOWHERE:
                return route
        return _NOWHERE

    def _address(self, letter: Letter, name: bytes, way: Way) -> Routing:
        reply = yield from self.ask(letter.source, name, _A, way)
        if (found := _ended(reply)) is not None:
            return found
        return MailRoute(reply.addresses[0]) if reply.addresses else _NOWHERE

    def _deliver(self, letter: Letter, address: bytes, way: Way) -> Sending:
        """Connect and hand over, as far as what stands before connections lets it."""
        is_inside = address in self._servers
        contact = SeenContact(
            self._loop.now,
            letter.source,
            address,
            SMTP,
            way.resolver != "own",
            _wire(letter.domain),
        )
        is_taken = is_inside or (takes_mail(address) and not letter.unreachable)
        if not (yield from self._connect(contact, is_taken)):
            return MailFate.BLOCKED
        if not is_taken:
            return MailFate.FAILED
        return MailFate.INSIDE if is_inside else MailFate.LEFT

    def call(self, source: bytes, name: bytes, way: Way) -> Process:
        """Connect to a web server by its name, for something else than mail."""
        reply = yield from self.ask(source, name, _A, way)
        if reply.addresses:
            contact = SeenContact(
                self._loop.now, source, reply.addresses[0], HTTP, way.resolver != "own"
            )
            yield from self._connect(contact, True)

    def _connect(self, contact: SeenContact, is_taken: bool) -> Generator[float, None, bool]:
        """Open a connection, when it may leave; returns whether it ever does."""
        is_inside = contact.address in self._servers
        edge = self.edge if self.edge and (self.edge.is_in_hosts or not is_inside) else None
        if edge and (wait := edge.throttle.leaves(contact)) > 0:
            if wait == inf:
                return False
            yield self._loop.now + wait
        contact = contact._replace(at=self._loop.now)
        if edge:
            edge.throttle.ended(contact, is_taken)
        if self.hear is not None:
            self.hear(contact, is_taken)
        return True


@lru_cache(100_000)
def _wire(domain: str) -> bytes:
    return from_text(domain)


def hash_of(text: str) -> int:
    """Hash a text, the same in each run."""
    value = 0
    for char in text:
        value = (value * 131 + ord(char)) % 1_000_003
    return value


def _ended(reply: Reply) -> MailRoute | None:
    """Say where a reply ends the search: at the bay, or with a refusal."""
    if reply.is_bay:
        return _HELD
    return _REFUSED if reply.rcode == Rcode.SERVFAIL else None
