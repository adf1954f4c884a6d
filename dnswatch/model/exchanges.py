"""Exchanges: which names are mail-related, and until when.

A lookup is mail-related where it asks
- for MX records (`LookupKind.MX`);
- for the address of an exchange, a name that stood in an MX answer which any client of the site
  received, for that answer's TTL and a grace time (`EXCHANGE`);
- for the address of a domain itself, just after its MX question by the same client (`IMPLICIT`;
  RFC 5321 section 5.1);
- for the address of a guessed mail host, a name that looks like one (mailhosts.py) in front of a
  domain that any client of the site asked MX for within the last day (`GUESS`; weak evidence).

The watch asks `kind`, which is exact.  A worker asks `is_candidate`, which says yes to all that may
be one of these and needs no time and no client; it learns from its own lookups and is taught what
others learned.  ANY is a candidate too: it may bring MX records.

Rules of this file: names are in lower-case wire form; time comes in as `now`.  A question costs
O(1), a lesson O(log n) for n names.  At the bound the exchange that ends first goes, and of the
domains the one asked for longest ago.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from dnswatch.codes import Type
from dnswatch.model.lessons import KnownExchange, Lessons, LookupKind
from dnswatch.model.lives import Lives
from dnswatch.model.mailhosts import WEB, MailHosts, is_below_domain, stem_of
from dnswatch.model.moments import Moments
from dnswatch.model.observation import Observation

__all__ = ["Exchanges", "Lessons", "LookupKind", "lessons_of", "parent_of"]

MAX_TTL: Final = 7 * 86400
"""Longest life believed, in seconds (RFC 8767 section 4)."""

GRACE: Final = 1800.0
"""Seconds that an exchange outlives its MX answer: a sender may keep the list for one retry, which
comes 30 minutes later (RFC 5321 section 4.5.4.1)."""

IMPLICIT_WINDOW: Final = 60.0
"""Seconds after an MX question in which the domain's own address is asked for as its exchange:
a sender goes on at once, unless the upstream is slow and it asks again."""

HORIZON: Final = 86400.0
"""Seconds that a domain stays a known mail domain after an MX question: after a day, a name like
`mail.` in front of it is rather a person's webmail."""

NAMES: Final = 100_000
"""Names of each sort held at a time: a campus has some 10,000 correspondents a day; about 50 MB."""

_ROOT: Final = b"\0"
_NEITHER: Final = (None, b"")
_MX: Final = int(Type.MX)
_MX_OR_ANY: Final = frozenset((int(Type.MX), int(Type.ANY)))
SERVICES: Final = frozenset((int(Type.SVCB), int(Type.HTTPS)))
"""Types whose records may bring the addresses of a name along, as hints (RFC 9460, 7.3)."""
_ADDRESSES: Final = frozenset((int(Type.A), int(Type.AAAA)))
_WEB: Final = int(Type.HTTPS)
"""Only who wants the web asks for HTTPS records (RFC 9460): no mail program does."""


class Exchanges:
    """Which names are mail-related, and until when, for the whole site."""

    def __init__(self, limit: int = NAMES, window: float = IMPLICIT_WINDOW) -> None:
        """Hold at most `limit` names of each sort; `window` is that of the implicit MX, seconds."""
        self.is_exempt: Callable[[bytes], bool] = lambda _: False
        "Says which mail domains no policy may touch: what is one's exchange stays that one's."
        self.relabelled: Callable[[], None] = lambda: None
        "Called where names that were ordinary look like mail hosts from now on."
        self._limit = limit
        self._window = window
        self._exchanges: Lives[KnownExchange] = Lives()
        "By name."
        self._recent: OrderedDict[bytes, float] = OrderedDict()
        "Domain to until when its address may be an implicit MX for some client."
        self._asked = Moments(limit)
        """Domain and client to until when its address may be an implicit MX for that client.

        One after the other: a name says itself where it ends.  The domain is in `_recent`, too.
        """
        self._domains: OrderedDict[bytes, float] = OrderedDict()
        "Known mail domain to until when it is one."
        self._hosts = MailHosts()
        self.evicted = 0
        "Names that went early, since there were more than `limit`."

    def is_candidate(self, qname: bytes, qtype: int) -> bool:
        """Say whether a lookup may be mail-related; wrongly yes at times, never wrongly no."""
        if qtype not in _ADDRESSES and qtype not in SERVICES:
            return qtype in _MX_OR_ANY
        is_known = qname in self._exchanges.by_key or qname in self._recent
        return is_known or self._hosts.fits(qname)

    def kind(
        self, client: bytes | None, qname: bytes, qtype: int, now: float
    ) -> tuple[LookupKind, bytes] | None:
        """Say in which way a lookup is mail-related, and to which mail domain it belongs."""
        kind, domain = self.weigh(client, qname, qtype, now)
        return None if kind is None else (kind, domain)

    def weigh(
        self, client: bytes | None, qname: bytes, qtype: int, now: float
    ) -> tuple[LookupKind | None, bytes]:
        """Say the same, and if a lookup is not mail-related what domain's mail host may be guessed.

        The domain is empty where it is neither.
        """
        if qtype not in _ADDRESSES:
            return (LookupKind.MX, qname) if qtype == _MX else _NEITHER
        exchange = self._exchanges.by_key.get(qname)
        if exchange and now < exchange.expiry:
            return LookupKind.EXCHANGE, exchange.domain
        if client is not None and qname in self._recent and now < self._asked.until(qname + client):
            return LookupKind.IMPLICIT, qname
        if self._hosts.fits(qname):
            domain = parent_of(qname)
            return (LookupKind.GUESS if now < self._domains.get(domain, 0.0) else None), domain
        return _NEITHER

    def guessed(self, qname: bytes, qtype: int) -> bytes | None:
        """Return the domain for whose mail host a name may be a guess, known or not (Mytob)."""
        return parent_of(qname) if qtype in _ADDRESSES and self._hosts.fits(qname) else None

    def visited(self, qname: bytes, qtype: int) -> bool:
        """Say whether a lookup shows that a name like a mail host's is a web mail to its client."""
        return qtype == _WEB and self._hosts.fits(qname)

    def is_site(self, qname: bytes) -> bool:
        """Say whether a known exchange is called like a web site, such as its domain itself."""
        exchange = self._exchanges.by_key.get(qname)
        is_own = exchange is not None and exchange.domain == qname
        return is_own or not is_below_domain(qname) or stem_of(qname) in WEB

    def is_asked(self, client: bytes, qname: bytes, now: float) -> bool:
        """Say whether a client itself has just asked MX for the domain of an exchange."""
        exchange = self._exchanges.by_key.get(qname)
        return exchange is not None and now < self._asked.until(exchange.domain + client)

    def learn_mx(self, domain: bytes, exchanges: Iterable[bytes], ttl: int, now: float) -> None:
        """Learn from an MX answer.

        The root name says that the domain takes no mail (null MX, RFC 7505): it is no exchange.
        """
        until = now + min(max(ttl, 0), MAX_TTL) + GRACE
        for name in exchanges:
            if name != _ROOT:
                self._learn_exchange(name, domain, until)

    def asked_mx(self, client: bytes | None, domain: bytes, now: float) -> None:
        """Learn from an MX question; a client that is left out of the records is None."""
        self._learn_domain(domain, now + self._window)
        self._remember(self._domains, domain, now + HORIZON)
        if client is not None:
            self.evicted += self._asked.note(domain + client, now + self._window, now)

    def learn(self, seen: Observation) -> None:
        """Learn from a lookup: whoever asks MX tells of a mail domain, the answer of its hosts."""
        if seen.qtype == _MX:
            self.asked_mx(seen.client, seen.qname, seen.at)
            self.learn_mx(seen.qname, seen.exchanges, seen.ttl, seen.at)

    def lessons(self) -> Lessons:
        """Return all that another's `is_candidate` can be taught."""
        exchanges = [
            (name, exchange.expiry, exchange.domain)
            for name, exchange in self._exchanges.by_key.items()
        ]
        return Lessons(exchanges, list(self._recent.items()))

    def teach(self, lessons: Lessons, now: float) -> None:
        """Learn what others learned, as far as `is_candidate` needs it."""
        for name, until, domain in lessons.exchanges:
            if now < until:
                self._learn_exchange(name, domain, until)
        for domain, until in lessons.domains:
            if now < until:
                self._learn_domain(domain, until)

    def forget(self, now: float) -> None:
        """Drop what has ended."""
        for _ in self._exchanges.ended(now):
            pass
        _drop_ended(self._recent, now)
        self._asked.forget(now)
        _drop_ended(self._domains, now)

    def _learn_exchange(self, name: bytes, domain: bytes, until: float) -> None:
        if name != domain and self._hosts.learn(name):
            self.relabelled()
        exchange = self._exchanges.by_key.get(name)
        if exchange:
            exchange.expiry = max(exchange.expiry, until)
            if not self.is_exempt(exchange.domain):
                exchange.domain = domain
            return
        if len(self._exchanges) >= self._limit:
            self._exchanges.take_first()
            self.evicted += 1
        self._exchanges.add(name, KnownExchange(until, domain))

    def _learn_domain(self, domain: bytes, until: float) -> None:
        self._remember(self._recent, domain, max(self._recent.get(domain, 0.0), until))

    def _remember(self, table: OrderedDict[bytes, float], key: bytes, value: float) -> None:
        table[key] = value
        table.move_to_end(key)
        if len(table) > self._limit:
            table.popitem(last=False)
            self.evicted += 1


def lessons_of(
    observations: Iterable[Observation], is_exempt: Callable[[bytes], bool] | None = None
) -> Lessons:
    """Return what some lookups of one worker have to teach the others."""
    teaching = [seen for seen in observations if seen.qtype == _MX]
    if not teaching:  # mostly
        return Lessons()
    exchanges = Exchanges()
    exchanges.is_exempt = is_exempt or exchanges.is_exempt
    for seen in teaching:
        exchanges.learn(seen)
    return exchanges.lessons()


def parent_of(name: bytes) -> bytes:
    """Strip the first label of a name; the root is its own parent."""
    return name[name[0] + 1 :] or _ROOT


def _drop_ended(table: OrderedDict[bytes, float], now: float) -> None:
    """Drop what has ended from a table whose entries all last equally long: the first end first."""
    while table and next(iter(table.values())) <= now:
        table.popitem(last=False)
