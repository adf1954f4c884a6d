"""Worms: what infected machines of the second site look up, without end."""

from collections.abc import Callable, Iterator
from math import log
from random import Random
from typing import Final, NamedTuple

from bench.detection import lookups
from dnswatch.model.changes import MailLookup

_DAY: Final = 86400.0
_FREEMAIL: Final = tuple(f"freemail{n}.com" for n in range(8))
_LABELS: Final = ("mx1", "mail", "smtp", "mx")

Act = Callable[[float, bytes, int, Random], Iterator[MailLookup]]
"""What it looks up for its n-th mail."""


class Worm(NamedTuple):
    """One kind of worm."""

    name: str
    pause: float
    "Median of seconds between two mails (log-normal, sigma 0.5)."
    looks_up: Act

    def act(self, who: bytes, since: float, seed: int) -> Iterator[list[MailLookup]]:
        """Look up for one mail after the other."""
        chance, at, number = Random(f"worm {seed}"), since, 0
        while True:
            yield list(self.looks_up(at, who, number, chance))
            at += chance.lognormvariate(log(self.pause), 0.5)
            number += 1


def _anew(at: float, who: bytes, _: int, chance: Random) -> Iterator[MailLookup]:
    yield from lookups.delivery(at, who, f"victim{chance.getrandbits(34)}.net")


def _of_list(size: int, name: str = "listed") -> Act:
    """A finite list, gone through again and again."""

    def look_up(at: float, who: bytes, number: int, _: Random) -> Iterator[MailLookup]:
        yield from lookups.delivery(at, who, f"{name}{number % size}-of-{who[-1]}.org")

    return look_up


def _freemail(count: int) -> Act:
    def look_up(at: float, who: bytes, number: int, _: Random) -> Iterator[MailLookup]:
        yield from lookups.delivery(at, who, _FREEMAIL[number * 7 % count])

    return look_up


def _freemail_by_chance(count: int) -> Act:
    def look_up(at: float, who: bytes, _: int, chance: Random) -> Iterator[MailLookup]:
        yield from lookups.delivery(at, who, _FREEMAIL[chance.randrange(count)])

    return look_up


def _first_guess(at: float, who: bytes, _: int, chance: Random) -> Iterator[MailLookup]:
    """Guesses stop at the first that has an address: in half of the cases the first of all."""
    domain = f"victim{chance.getrandbits(34)}.net"
    tries = 1
    while tries < len(_LABELS) and chance.random() < 0.5:
        tries += 1
    yield from lookups.guesses(at, who, domain, _LABELS[:tries])


WORMS: Final = (
    Worm("new domains, one a second", 1.0, _anew),
    Worm("new domains, one in 7 min", 420.0, _anew),
    Worm("new domains, one in 12 min", 720.0, _anew),
    Worm("new domains, one an hour", 3600.0, _anew),
    Worm("12 new domains a day", _DAY / 12, _anew),
    Worm("a list of 40 domains, one in 10 min", 600.0, _of_list(40)),
    Worm("8 freemail domains, one a second", 1.0, _freemail(8)),
    Worm("4 freemail domains, one a second", 1.0, _freemail(4)),
    Worm("8 freemail domains, one in 5 min", 300.0, _freemail(8)),
    Worm("4 freemail domains, one in 5 min", 300.0, _freemail(4)),
    Worm("4 freemail domains by chance, one in 5 min", 300.0, _freemail_by_chance(4)),
    Worm("4 freemail domains, one in 12 min", 720.0, _freemail(4)),
    Worm("guesses, stops at the first that has an address", 300.0, _first_guess),
)
