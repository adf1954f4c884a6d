"""Town: the honest people of the second site, trade by trade, and what they look up."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from math import log
from random import Random
from typing import Final, NamedTuple

from bench.detection import lookups
from dnswatch.model.changes import MailLookup

BEGIN: Final = 1_781_481_600.0
"""2026-06-15 00:00 UTC, a Monday."""
_DAY: Final = 86400.0
_HOUR: Final = 3600.0


class Trade(NamedTuple):
    """What people of one trade do."""

    name: str
    share: float
    "Of all people."
    sittings: float
    "In which mail to somewhere is on the mind, in a week, for the median person."
    spread: float
    "Sigma of that, from person to person (log-normal)."
    domains: float
    "In a sitting, in the mean (geometric)."
    checks: float
    "Share of people who only look domains up, and never mail to them by themselves."
    nights: float
    "Share of sittings that fall outside the office's hours."


TRADES: Final = (
    Trade("clerk", 0.78, 0.15, 0.9, 1.3, 0.5, 0.03),
    Trade("seller", 0.12, 0.5, 0.7, 1.8, 0.2, 0.05),
    Trade("developer", 0.07, 1.2, 0.8, 2.2, 0.8, 0.25),
    Trade("admin", 0.02, 2.5, 0.6, 3.0, 0.7, 0.2),
    Trade("postman", 0.02, 0.2, 0.5, 1.5, 0.0, 0.1),
)
"""A postman sends a mailing in each month; half of the admins and developers run mail of their own
machines."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How one site differs from another in the tables."""

    name: str
    people: int = 1000
    pause: float = 75.0
    "Median pause between two domains of a sitting, seconds."
    sigma: float = 1.5
    "Of the pause's logarithm."
    moves: float | None = None
    "Days after which a machine gets another address."


class Person(NamedTuple):
    """One person."""

    number: int
    trade: Trade
    weekly: float
    "Sittings in a week."
    only_checks: bool
    mailing: int
    "Domains of the monthly mailing; 0 where there is none."


SITES: Final = (
    Habits("pauses inside a sitting mostly below 5 min", sigma=0.6),
    Habits("log-normal pauses, median 75 s, sigma 1.5"),
    Habits("the same, a new address each 7 days", moves=7.0),
    Habits("the same, 5,000 clients", people=5000),
)


def people(habits: Habits, chance: Random) -> list[Person]:
    """Draw the people of a site."""
    found = []
    for number in range(habits.people):
        trade = chance.choices(TRADES, [one.share for one in TRADES])[0]
        weekly = trade.sittings * chance.lognormvariate(0, trade.spread)
        mailing = chance.randint(4, 12) if trade.name == "postman" else 0
        found.append(Person(number, trade, weekly, chance.random() < trade.checks, mailing))
    return found


def address(person: int, at: float, habits: Habits) -> bytes:
    """Address of a person's machine at a moment; machines move one after the other."""
    if habits.moves is None:
        return lookups.client(person)
    moved = int((at - BEGIN) / _DAY / habits.moves + person / habits.people)
    return lookups.client((moved + 1) * 65536 + person)


def life(person: Person, days: int, habits: Habits, seed: int) -> Iterator[MailLookup]:
    """All that one person looks up, in order."""
    chance = Random(f"{seed}/{person.number}")
    free = 0.0
    for begin, size in sorted(_sittings(person, days, chance)):
        at = max(begin, free)
        for _ in range(size):
            yield from _look_up(at, person, habits, chance)
            at += max(2.0, chance.lognormvariate(log(habits.pause), habits.sigma))
        free = at


def traffic(those: list[Person], days: int, habits: Habits, seed: int) -> Iterator[MailLookup]:
    """All lookups of the site, in order."""
    return merge(*(life(one, days, habits, seed) for one in those), key=lambda one: one.at)


def _sittings(person: Person, days: int, chance: Random) -> Iterator[tuple[float, int]]:
    """Begin and domains of each sitting."""
    day_of_month = chance.randrange(30)
    away = chance.uniform(-20, days)  # a week off, for whom it falls into these days
    for day in range(days):
        if away <= day < away + 7:
            continue
        is_office = day % 7 < 5
        if person.mailing and day % 30 == day_of_month:
            yield BEGIN + day * _DAY + chance.uniform(8.5, 15) * _HOUR, person.mailing
        for is_night, share in ((False, 1 - person.trade.nights), (True, person.trade.nights)):
            odds = person.weekly / 7 * share * (1.4 * is_office if not is_night else 1.0)
            while chance.random() < odds:
                odds -= 1
                hour = chance.uniform(17, 31) % 24 if is_night else chance.triangular(7.5, 18.5, 11)
                size = 1
                while chance.random() < 1 - 1 / person.trade.domains:
                    size += 1
                yield BEGIN + day * _DAY + hour * _HOUR, size


def _look_up(at: float, person: Person, habits: Habits, chance: Random) -> Iterator[MailLookup]:
    who = address(person.number, at, habits)
    domain = _domain(person, chance)
    if person.only_checks:
        yield lookups.mx(at, who, domain)
    else:
        yield from lookups.delivery(at, who, domain)


def _domain(person: Person, chance: Random) -> str:
    """One in three is known to everybody, one in four to the person, the others are new."""
    lot = chance.random()
    if lot < 0.33:
        return f"known{int(chance.paretovariate(0.8)) % 300}.com"
    if lot < 0.58:
        return f"friend{chance.randrange(12)}-of-{person.number}.net"
    return f"new{chance.getrandbits(32)}.org"
