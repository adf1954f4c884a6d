"""Site: an invented one, with honest clients of unequal habits and the known hard negatives.

A client's bursts come at its own rate (gamma distributed, 0.1 a day in the mean, most clients near
none), on working days from 8 to 18 h except for one in ten; it continues them by its own habit, and
either delivers (asks for the exchange's address) or only checks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from random import Random
from typing import Final

from bench.detection import lookups
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection.detector import Detector
from dnswatch.model.detection.verdict import Plan
from dnswatch.model.role import Role
from dnswatch.names.suffixes import registrable
from dnswatch.wire.name import to_text

MONDAY: Final = 1_767_571_200.0
"""2026-01-05 00:00 UTC, a Monday."""
DAY: Final = 86400.0
CLIENTS: Final = 1000
RATE: Final = 0.1
"""Bursts a day of a client, in the mean."""
SHAPE: Final = 0.5
"""Of the gamma distribution of the rates."""
_BUSY: Final = 168 / 50
"""A week's hours over its working hours: how much faster a client is in those."""

MAIL_SERVER: Final = lookups.client(1_000_001)
INBOUND: Final = lookups.client(1_000_002)
GATEWAY: Final = lookups.client(1_000_003)
FORM: Final = lookups.client(1_000_004)
MONITOR: Final = lookups.client(1_000_005)
DECLARED: Final = {
    MAIL_SERVER: Role.MAIL_SERVER, INBOUND: Role.MAIL_SERVER, GATEWAY: Role.RESOLVER,
    FORM: Role.SERVER,
}  # fmt: skip

Lookups = Iterator[MailLookup]


@dataclass(frozen=True, slots=True)
class Person:
    """The habits of one client."""

    address: bytes
    rate: float
    "Bursts a day."
    continuation: float
    delivers: bool
    never_sleeps: bool


def role_of(client: bytes) -> Role:
    """Look up the role declared for an address."""
    return DECLARED.get(client, Role.CLIENT)


def detector(plan: Plan | None = None, clients: int = CLIENTS) -> Detector:
    """Begin to learn a site."""
    built = Detector(
        plan or Plan(),
        MONDAY,
        registrable=registrable,
        role_of=role_of,
        write=to_text,
        clock=moment,
    )
    for number in range(clients):
        built.meet(lookups.client(number), MONDAY)
    return built


def moment(at: float) -> str:
    """Write a moment of the simulation."""
    day, rest = divmod(at - MONDAY, DAY)
    return f"day {day:.0f} {rest // 3600:02.0f}:{rest % 3600 // 60:02.0f}:{rest % 60:02.0f}"


def people(chance: Random, clients: int = CLIENTS) -> list[Person]:
    """Draw the clients of a site."""
    return [
        Person(
            lookups.client(number), chance.gammavariate(SHAPE, RATE / SHAPE),
            chance.betavariate(2, 8), chance.random() < 0.6, chance.random() < 0.1,
        )
        for number in range(clients)
    ]  # fmt: skip


def traffic(those: list[Person], since: float, until: float, seed: int) -> Lookups:
    """All honest lookups of a site, in order of time, hard negatives among them."""
    chance = Random(seed)
    streams = [sorted(_ordinary(those, since, until, chance), key=lambda one: one.at)]
    for source in (_set_ups, _host_loops, _phones, _form, _monitor, _gateway, _servers):
        streams.append(sorted(source(those, since, until, chance), key=lambda one: one.at))
    return merge(*streams, key=lambda one: one.at)


def _ordinary(those: list[Person], since: float, until: float, chance: Random) -> Lookups:
    for person in those:
        fast = person.rate * (1 if person.never_sleeps else _BUSY)
        for at in moments(fast, since, until, chance):
            if person.never_sleeps or is_working(at):
                yield from _burst(person, at, chance)


def _burst(person: Person, at: float, chance: Random) -> Lookups:
    while True:
        domain = some_domain(chance)
        if chance.random() < (0.95 if person.delivers else 0.05):
            yield from lookups.delivery(at, person.address, domain)
        else:
            yield lookups.mx(at, person.address, domain, rcode=3 * (chance.random() < 0.03))
        if chance.random() >= person.continuation:
            return
        at += chance.uniform(2, 250)


def _set_ups(those: list[Person], since: float, until: float, chance: Random) -> Lookups:
    """Thunderbird: the MX of the user's domain, then guesses at it."""
    for at in moments(5, since, until, chance):
        who, domain = chance.choice(those).address, some_domain(chance)
        yield lookups.mx(at, who, domain)
        yield from lookups.guesses(at + 1, who, domain, ("mail", "smtp", "mx", "relay"))


def _host_loops(those: list[Person], since: float, until: float, chance: Random) -> Lookups:
    """Three people who run `host` over a few names, once a week."""
    for person in those[:3]:
        for at in moments(1 / 7, since, until, chance):
            for n in range(4):
                yield lookups.mx(at + 2 * n, person.address, some_domain(chance))


def _phones(those: list[Person], since: float, until: float, chance: Random) -> Lookups:
    """Mail programs that check each new recipient's domain."""
    for person in those[10:40]:
        for at in moments(0.3, since, until, chance):
            yield lookups.mx(at, person.address, some_domain(chance))


def _form(_: list[Person], since: float, until: float, chance: Random) -> Lookups:
    """A declared web server that checks the addresses typed into a form."""
    for at in moments(12, since, until, chance):
        yield lookups.mx(at, FORM, some_domain(chance), rcode=3 * (chance.random() < 0.1))


def _monitor(_: list[Person], since: float, until: float, __: Random) -> Lookups:
    """A host that looks up the same ten domains each hour."""
    for hour in range(int((until - since) // 3600)):
        for n in range(10):
            yield lookups.mx(since + hour * 3600 + n, MONITOR, f"watched{n}.example")


def _gateway(_: list[Person], since: float, until: float, chance: Random) -> Lookups:
    """A declared gateway with 200 people behind it."""
    for at in moments(200 * RATE, since, until, chance):
        yield from lookups.delivery(at, GATEWAY, some_domain(chance))


def _servers(_: list[Person], since: float, until: float, chance: Random) -> Lookups:
    """Declared mail servers, out and in."""
    for at in moments(200, since, until, chance):
        yield from lookups.delivery(at, MAIL_SERVER, some_domain(chance))
    for at in moments(200, since, until, chance):
        failed = chance.random() < 0.3
        yield lookups.mx(at, INBOUND, f"spam{chance.getrandbits(30)}.example", rcode=3 * failed)


def moments(rate: float, since: float, until: float, chance: Random) -> Iterator[float]:
    """Moments at a mean rate a day."""
    at = since + chance.expovariate(rate) * DAY
    while at < until:
        yield at
        at += chance.expovariate(rate) * DAY


def is_working(at: float) -> bool:
    """Say whether people are at work."""
    day, rest = divmod(at - MONDAY, DAY)
    return day % 7 < 5 and 8 <= rest / 3600 < 18


def some_domain(chance: Random) -> str:
    """Draw a mail domain: one in three is a popular one."""
    if chance.random() < 0.33:
        return f"popular{int(chance.paretovariate(1)) % 500}.com"
    return f"d{chance.getrandbits(24)}.org"
