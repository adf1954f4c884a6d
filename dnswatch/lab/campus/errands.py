"""Errands: what honest hosts look up of mail, the known hard negatives among it.

People's habits are as unequal as people are.  Most clients hardly ever look up a mail domain by
themselves; a few do so daily (workstations that deliver their own mail, programs that check
addresses).  Rates are gamma distributed.

Each kind of errand is a stream in order of time.  The campus plays errands through its resolver;
the measurements of the detector (`bench/detection`) play the same ones straight into the detector.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import merge
from random import Random
from typing import Final, NamedTuple

from dnswatch.lab.campus.calendar import DAY, is_working

RATE: Final = 0.1
"""Bursts a day of a client, in the mean."""
SHAPE: Final = 0.5
"""Of the gamma distribution of the rates."""


@dataclass(frozen=True, slots=True)
class Person:
    """The habits of one client."""

    address: bytes
    rate: float
    "Bursts of novel mail domains a day."
    continuation: float
    "Probability that a burst goes on with one more domain."
    delivers: bool
    "It sends mail by itself; else it only checks whether domains take mail."
    never_sleeps: bool
    "It is used at any hour."


def people(chance: Random, addresses: Iterable[bytes], rate: float = RATE) -> list[Person]:
    """Draw the habits of some clients; `rate` is their mean."""
    return [
        Person(
            address,
            chance.gammavariate(SHAPE, rate / SHAPE),
            chance.betavariate(2, 8),
            chance.random() < 0.6,
            chance.random() < 0.1,
        )
        for address in addresses
    ]


_BUSY: Final = 168 / 50
"""A week's hours over its working hours: how much faster a client is in those."""
SET_UP_GUESSES: Final = ("mail", "smtp", "mx", "relay")
"""What a mail program guesses in front of a person's domain, as far as worms guess it too."""


class What(Enum):
    """What is looked up."""

    DELIVER = "deliver"
    "MX, then the exchange's address: a mail is sent."
    CHECK = "check"
    "MX only: somebody wants to know whether the domain takes mail."
    SET_UP = "set up"
    "MX, then guesses at mail hosts: a mail program finds its servers."


class Errand(NamedTuple):
    """One honest occasion to look up a mail domain."""

    at: float
    "Unix seconds."
    who: bytes
    "Packed address."
    domain: str
    what: What = What.DELIVER
    is_dead: bool = False
    "The domain does not exist."


Draw = Callable[[Random], str]
"""Draws the mail domain that somebody writes to."""


class Servers(NamedTuple):
    """Hosts that look up mail domains for others, or by a timer; None where there is none."""

    form: bytes | None = None
    "Checks the addresses that people type into a web form."
    monitor: bytes | None = None
    "Looks up the same ten domains each hour."
    gateway: bytes | None = None
    "Asks for 200 people behind it."
    outgoing: bytes | None = None
    "Delivers the site's mail."
    incoming: bytes | None = None
    "Checks the sender's domain of each mail, spam mostly."


@dataclass(frozen=True, slots=True)
class Scene:
    """Who runs errands, from when to when."""

    people: Sequence[Person]
    servers: Servers
    since: float
    until: float
    draw: Draw

    def moments(self, rate: float, chance: Random) -> Iterator[float]:
        """Moments at a mean rate a day."""
        return moments(rate, self.since, self.until, chance)


def errands(scene: Scene, chance: Random) -> Iterator[Errand]:
    """All honest errands, in order of time."""
    streams = [
        sorted(source(scene, chance), key=_at)
        for source in (_ordinary, _set_ups, _host_loops, _phones, _form, _monitor, _gateway, _mail)
    ]
    return merge(*streams, key=_at)


def moments(rate: float, since: float, until: float, chance: Random) -> Iterator[float]:
    """Moments at a mean rate a day."""
    at = since + chance.expovariate(rate) * DAY
    while at < until:
        yield at
        at += chance.expovariate(rate) * DAY


def _ordinary(scene: Scene, chance: Random) -> Iterator[Errand]:
    for person in scene.people:
        fast = person.rate * (1 if person.never_sleeps else _BUSY)
        for at in scene.moments(fast, chance):
            if person.never_sleeps or is_working(at):
                yield from _burst(person, at, scene.draw, chance)


def _burst(person: Person, at: float, draw: Draw, chance: Random) -> Iterator[Errand]:
    while True:
        domain = draw(chance)
        if chance.random() < (0.95 if person.delivers else 0.05):
            yield Errand(at, person.address, domain)
        else:
            yield Errand(at, person.address, domain, What.CHECK, chance.random() < 0.03)
        if chance.random() >= person.continuation:
            return
        at += chance.uniform(2, 250)


def _set_ups(scene: Scene, chance: Random) -> Iterator[Errand]:
    """Thunderbird: the MX of the user's domain, then guesses at it."""
    for at in scene.moments(5, chance):
        who = chance.choice(scene.people).address
        yield Errand(at, who, scene.draw(chance), What.SET_UP)


def _host_loops(scene: Scene, chance: Random) -> Iterator[Errand]:
    """Three people who run `host` over a few names, once a week."""
    for person in scene.people[:3]:
        for at in scene.moments(1 / 7, chance):
            for n in range(4):
                yield Errand(at + 2 * n, person.address, scene.draw(chance), What.CHECK)


def _phones(scene: Scene, chance: Random) -> Iterator[Errand]:
    """Mail programs that check each new recipient's domain."""
    for person in scene.people[10:40]:
        for at in scene.moments(0.3, chance):
            yield Errand(at, person.address, scene.draw(chance), What.CHECK)


def _form(scene: Scene, chance: Random) -> Iterator[Errand]:
    for who, at in _by(scene.servers.form, lambda: scene.moments(12, chance)):
        yield Errand(at, who, scene.draw(chance), What.CHECK, chance.random() < 0.1)


def _monitor(scene: Scene, _: Random) -> Iterator[Errand]:
    hours = range(int((scene.until - scene.since) // 3600))
    for who, hour in _by(scene.servers.monitor, lambda: hours):
        for n in range(10):
            at = scene.since + hour * 3600 + n
            yield Errand(at, who, f"watched{n}.example", What.CHECK)


def _gateway(scene: Scene, chance: Random) -> Iterator[Errand]:
    for who, at in _by(scene.servers.gateway, lambda: scene.moments(200 * RATE, chance)):
        yield Errand(at, who, scene.draw(chance))


def _mail(scene: Scene, chance: Random) -> Iterator[Errand]:
    """Declared mail servers, out and in."""
    for who, at in _by(scene.servers.outgoing, lambda: scene.moments(200, chance)):
        yield Errand(at, who, scene.draw(chance))
    for who, at in _by(scene.servers.incoming, lambda: scene.moments(200, chance)):
        is_dead = chance.random() < 0.3
        yield Errand(at, who, f"spam{chance.getrandbits(30)}.example", What.CHECK, is_dead)


def _by(who: bytes | None, moments: Callable[[], Iterable[float]]) -> Iterator[tuple[bytes, float]]:
    """Pair a host, where there is one, with its moments."""
    if who is not None:
        for at in moments():
            yield who, at


def _at(errand: Errand) -> float:
    return errand.at
