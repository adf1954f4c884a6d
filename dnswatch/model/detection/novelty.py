"""Novelty: which lookups of a client bring a mail domain that it has not written to lately.

The unit of evidence is a **novel mail domain**: one that the client has not looked up for `MEMORY`.
It may come

- by an MX question, for the domain asked;
- by an address lookup of an exchange that none of the client's own MX answers named, for the
  exchange's domain (so that the thousand domains which one provider hosts are one);
- by a family of guesses: address lookups of `FAMILY` or more mail host names in front of one domain
  within `FAMILY_TIME` (MyDoom, and Mytob, which asks no MX at all).  The first guess at a domain is
  weak evidence by itself (guesses.py).

Domains are registrable ones, so that `example.org` and `lists.example.org` are one; a name that
belongs to none, of a top-level domain that does not exist, is no mail domain.  A retry, a
repeat, the exchange's address after its MX answer, and the names that a mail program tries when a
person sets up an account are of a domain already known, and so not novel.

A domain brings evidence once.  Whether a client still goes through domains that it has guessed at,
as a worm does whose list is at its end, is told by a **round**: guesses at `ROUND` known domains
within `ROUND_TIME`, one name of each being enough, since the first may have an address.

A web mail is mostly called like a mail host.  A name for which a client asks HTTPS records is used
for the web and no guess, if the client begins with no more than `NEW_WEB` such names a day: a
browser's owner reads mail at some sites, a worm goes to hundreds.  And all such names that it has
asked for are remembered with their first time (`visits`), so that what was used before any evidence
can be told from what a worm looks up.

An exchange that is called like its domain is not counted without the client's MX question: it
cannot be told from a person who reads that domain's web pages.

All is bounded: what was seen longest ago goes first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from typing import Final, NamedTuple, TypeVar

from dnswatch.model.changes import MailLookup
from dnswatch.model.exchanges import LookupKind, parent_of
from dnswatch.model.policies.mark import NEW_WEB, WebNames

MEMORY: Final = 14 * 86400.0
"""Seconds for which a domain stays known: people write to the same places again in two weeks."""

KNOWN: Final = 256
"""Domains remembered of one client; a person has some dozens, and who has more is above any bound
that an undeclared client is given."""

EXCHANGES: Final = 64
"""Exchanges remembered of one client's MX answers, for `FOLLOWED`."""

FOLLOWED: Final = 3600.0
"""Seconds after an MX answer or an address lookup for which the client is taken to use it: stubs
and mail programs keep an answer about as long as its TTL, mostly an hour or less."""

FAMILY: Final = 3
"""Guessed host names that make a family: one is somebody's webmail, two a hasty mail program."""

FAMILY_TIME: Final = 60.0
"""Seconds in which they are asked: a program tries one after the other."""

GUESSING: Final = 8
"""Domains at a time that one client is guessing mail hosts of."""

ROUND: Final = 5
"""Known domains whose mail hosts are guessed in a round: more than a person has webmails, and few
enough of the last `GUESSING` for a worm whose other guesses were right at once."""

ROUND_TIME: Final = 3600.0
"""Seconds in which they are guessed."""

VISITS: Final = 64
"""Names remembered of one client that look like mail hosts; a person has a few web mails."""

TOLD: Final = 1000
"""Bytes of such names that are told of one client, of each of both kinds: they go out with its
mark."""

VISIT_MEMORY: Final = 60 * 86400.0
"""Seconds after which a name that is not used any more makes room."""

K = TypeVar("K")
V = TypeVar("V")

Registrable = Callable[[bytes], bytes | None]
"""Name to the domain somebody registered, both in lower-case wire form; None for a public suffix
(a suffix such as `co.uk`, below which everybody can register)."""


class Novel(NamedTuple):
    """A lookup that brought a novel mail domain."""

    domain: bytes
    "Registrable domain, lower-case wire form."
    is_followable: bool
    "Whether a sender would now ask for the address of an exchange."


class Followed(NamedTuple):
    """The address lookup of an exchange that the client's own MX answer named."""

    domain: bytes
    "Registrable domain that the MX question was for."


class Guess(NamedTuple):
    """The first guess at a mail host of a domain that the client has no other business with."""

    domain: bytes
    "Registrable domain."


class Round(NamedTuple):
    """A guess of a client that goes through domains which it knows."""

    domain: bytes
    "Registrable domain of the last guess."


@dataclass(slots=True)
class Novelty:
    """What one client has looked up lately."""

    known: dict[bytes, float] = field(default_factory=dict)
    "Domain to when it was last looked up, Unix seconds; the one longest ago first."
    named: dict[bytes, tuple[bytes, float]] = field(default_factory=dict)
    "Exchange to the domain whose MX answer named it to this client, and when."
    asked: dict[bytes, float] = field(default_factory=dict)
    "Exchange to when this client asked for its address."
    guesses: dict[bytes, dict[bytes, float]] = field(default_factory=dict)
    "Domain to the mail host names guessed, and when."
    guessed: dict[bytes, float] = field(default_factory=dict)
    "Domain to when a mail host of it was last guessed."
    visits: dict[bytes, tuple[float, float]] = field(default_factory=dict)
    "Name that looks like a mail host, to when this client first and last asked for it."
    web: dict[bytes, float] = field(default_factory=dict)
    "Such a name to when this client began to ask for HTTPS records of it; the last one last."

    def visit(self, name: bytes, now: float) -> None:
        """Note that the client uses a name for the web, unless it began with many today."""
        if name not in self.web and sum(now - at < 86400 for at in self.web.values()) >= NEW_WEB:
            return
        _keep(self.web, name, self.web.get(name, now), VISITS)

    def web_names(self, before: float) -> WebNames:
        """Return mail hosts' names that are web sites to the client; the evidence began `before`.

        Those that it used before there was evidence (Unix seconds), and the others that it asks
        HTTPS records of.
        """
        used = _short([name for name, (first, _) in self.visits.items() if first < before])
        return WebNames(tuple(used), tuple(_short([*reversed(self.web)])))

    def see(
        self, lookup: MailLookup, registrable: Registrable
    ) -> Novel | Followed | Guess | Round | None:
        """Say what a mail-related lookup is, and remember it."""
        match lookup.kind:
            case LookupKind.MX:
                return self._question(lookup, registrable)
            case LookupKind.EXCHANGE:
                return self._exchange(lookup, registrable)
            case LookupKind.GUESS:
                return self._guess(lookup, registrable)
            case LookupKind.IMPLICIT:
                return None

    def _question(self, lookup: MailLookup, registrable: Registrable) -> Novel | None:
        if (domain := registrable(lookup.qname)) is None:
            return None
        exchanges = [name for name in lookup.exchanges if name != b"\0"]
        has_asked = any(self._has_asked(name, lookup.at) for name in exchanges)
        for name in exchanges:
            _keep(self.named, name, (domain, lookup.at), EXCHANGES)
        is_novel = self._is_novel(domain, lookup.at)
        return Novel(domain, bool(exchanges) and not has_asked) if is_novel else None

    def _exchange(self, lookup: MailLookup, registrable: Registrable) -> Novel | Followed | None:
        _keep(self.asked, lookup.qname, lookup.at, EXCHANGES)
        domain, named_at = self.named.get(lookup.qname, (b"", 0.0))
        if domain and lookup.at - named_at <= FOLLOWED:
            return Followed(domain)
        self._visit(lookup.qname, lookup.at)
        registered = registrable(lookup.qname)
        if registered is None or registered == lookup.qname:
            return None
        return Novel(registered, False) if self._is_novel(registered, lookup.at) else None

    def _guess(self, lookup: MailLookup, registrable: Registrable) -> Novel | Guess | Round | None:
        self._visit(lookup.qname, lookup.at)
        if lookup.qname in self.web:
            return None
        if (domain := registrable(parent_of(lookup.qname))) is None:
            return None
        names = self.guesses.pop(domain, {})
        names[lookup.qname] = lookup.at
        names = {name: at for name, at in names.items() if lookup.at - at <= FAMILY_TIME}
        _keep(self.guesses, domain, names, GUESSING)
        if len(names) >= FAMILY and self._is_novel(domain, lookup.at):
            return Novel(domain, False)
        last = max(self.guessed.get(domain, -inf), self.known.get(domain, -inf))
        _keep(self.guessed, domain, lookup.at, KNOWN)
        if lookup.at - last > MEMORY:
            return Guess(domain)
        return Round(domain) if self._makes_a_round(lookup.at) else None

    def _makes_a_round(self, now: float) -> bool:
        lately = (
            max(names.values())
            for domain, names in self.guesses.items()
            if now - self.known.get(domain, -inf) <= MEMORY
        )
        return sum(now - at <= ROUND_TIME for at in lately) >= ROUND

    def _visit(self, name: bytes, now: float) -> None:
        """Note that a name was asked for; where there is no room a new one has none."""
        first, _ = self.visits.get(name, (now, now))
        if name not in self.visits and len(self.visits) >= VISITS:
            self.visits = {
                name: times for name, times in self.visits.items() if now - times[1] < VISIT_MEMORY
            }
        if name in self.visits or len(self.visits) < VISITS:
            self.visits[name] = first, now

    def _has_asked(self, name: bytes, now: float) -> bool:
        at = self.asked.get(name)
        return at is not None and now - at <= FOLLOWED

    def _is_novel(self, domain: bytes, now: float) -> bool:
        last = self.known.get(domain)
        _keep(self.known, domain, now, KNOWN)
        return last is None or now - last > MEMORY


def _short(names: list[bytes]) -> list[bytes]:
    """Return the first of some names, `TOLD` bytes at most."""
    sizes = accumulate(map(len, names))
    return [name for name, size in zip(names, sizes, strict=True) if size <= TOLD]


def _keep(table: dict[K, V], key: K, value: V, limit: int) -> None:
    table.pop(key, None)
    table[key] = value
    if len(table) > limit:
        del table[next(iter(table))]
