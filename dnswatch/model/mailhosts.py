"""Mail hosts: which names look like one, by what exchanges are called.

A mail host mostly shows in the first label of its name: `mx01.example.org`, `inbound.example.net`.
The number at its end tells nothing, so a label counts without it (`stem_of`).  Some stems are known
from the start; others are learned, once exchanges of `PARENTS` different domains were called so.
What web sites are called is never learned, whoever calls an exchange so.

A name right below a top-level domain (`mail.example`) is a domain that somebody registered, and no
guess at a mail host.  A question costs O(1); at most `STEMS` stems are learned, of `HEARD` that are
on their way the one heard longest ago goes.
"""

from collections import OrderedDict
from typing import Final

NAMED: Final = frozenset(
    (
        b"mx",
        b"mxs",
        b"mail",
        b"smtp",
        b"mta",
        b"relay",
        b"inbound",
        b"mailhost",
        b"mailserver",
        b"mailgw",
        b"mx-in",
        b"smtp-in",
    )
)
"""Stems that administrators everywhere give to exchanges."""

KNOWN: Final = NAMED | {b"gate", b"ns"}
"""With those that MyDoom and its kin put in front of a domain beside them."""

WEB: Final = frozenset(
    (
        b"",
        b"www",
        b"web",
        b"webmail",
        b"m",
        b"app",
        b"api",
        b"cdn",
        b"img",
        b"images",
        b"static",
        b"login",
        b"account",
        b"accounts",
        b"auth",
        b"sso",
        b"portal",
        b"shop",
        b"blog",
        b"news",
        b"home",
        b"ftp",
        b"git",
        b"docs",
        b"ww",
        b"s",
    )
)
"""Stems that are no mail host's by name, though a domain's exchange may be called so."""

PARENTS: Final = 3
"""Domains whose exchanges share a stem before it is a mail host's: one may call its machines
anything."""
STEMS: Final = 256
HEARD: Final = 10_000


class MailHosts:
    """What mail hosts are called at a site."""

    def __init__(self) -> None:
        """Know what they are called everywhere."""
        self._stems = set(KNOWN)
        self._heard: OrderedDict[bytes, set[bytes]] = OrderedDict()
        "Stem to the domains below which an exchange is called so."

    def fits(self, name: bytes) -> bool:
        """Say whether a name (lower-case wire form) looks like a mail host."""
        return stem_of(name) in self._stems and is_below_domain(name)

    def learn(self, exchange: bytes) -> bool:
        """Learn from an exchange's name; say whether other names look like mail hosts by it."""
        stem = stem_of(exchange)
        if stem in self._stems or stem in WEB or not is_below_domain(exchange):
            return False
        parents = self._heard.setdefault(stem, set())
        self._heard.move_to_end(stem)
        parents.add(exchange[exchange[0] + 1 :])
        if len(self._heard) > HEARD:
            self._heard.popitem(last=False)
        if len(parents) < PARENTS or len(self._stems) >= len(KNOWN) + STEMS:
            return False
        del self._heard[stem]
        self._stems.add(stem)
        return True


def stem_of(name: bytes) -> bytes:
    """Return the first label of a name without the number at its end: `mx` of `mx01.example.org`.

    Of `inbound-2` it is `inbound`.
    """
    end = name[0] + 1
    while end > 1 and 0x30 <= name[end - 1] <= 0x39:
        end -= 1
    while end > 1 and name[end - 1] == 0x2D:
        end -= 1
    return name[1:end]


def is_below_domain(name: bytes) -> bool:
    """Say whether a name has three labels or more: two are a domain that somebody registered."""
    at = 0
    for _ in range(2):
        if not name[at]:
            return False
        at += name[at] + 1
    return name[at] != 0
