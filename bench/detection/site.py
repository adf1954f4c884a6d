"""Site: an invented one, with honest clients of unequal habits and the known hard negatives.

A client's bursts come at its own rate (gamma distributed, 0.1 a day in the mean, most clients near
none), on working days from 8 to 18 h except for one in ten; it continues them by its own habit, and
either delivers (asks for the exchange's address) or only checks.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random
from typing import Final

from bench.detection import lookups
from dnswatch.lab.campus.calendar import is_working
from dnswatch.lab.campus.errands import (
    RATE,
    SET_UP_GUESSES,
    SHAPE,
    Errand,
    Person,
    Scene,
    Servers,
    What,
    errands,
    moments,
)
from dnswatch.lab.campus.errands import people as habits
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection.detector import Detector, News
from dnswatch.model.detection.verdict import Plan
from dnswatch.model.role import Role
from dnswatch.names.suffixes import registrable
from dnswatch.wire.name import to_text

MONDAY: Final = 1_767_571_200.0
"""2026-01-05 00:00 UTC, a Monday."""
DAY: Final = 86400.0
CLIENTS: Final = 1000

MAIL_SERVER: Final = lookups.client(1_000_001)
INBOUND: Final = lookups.client(1_000_002)
GATEWAY: Final = lookups.client(1_000_003)
FORM: Final = lookups.client(1_000_004)
MONITOR: Final = lookups.client(1_000_005)
DECLARED: Final = {
    MAIL_SERVER: Role.MAIL_SERVER,
    INBOUND: Role.MAIL_SERVER,
    GATEWAY: Role.RESOLVER,
    FORM: Role.SERVER,
}
SERVERS: Final = Servers(
    form=FORM, monitor=MONITOR, gateway=GATEWAY, outgoing=MAIL_SERVER, incoming=INBOUND
)

Lookups = Iterator[MailLookup]
__all__ = ["RATE", "SHAPE", "Person", "is_working", "moments"]


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


def watched(judge: Detector, lookups_: Lookups) -> Iterator[tuple[MailLookup, list[News]]]:
    """Play lookups, tell each day that everybody is there, and yield what is said to each."""
    today = 0
    for lookup in lookups_:
        if int(lookup.at // DAY) > today:
            today = int(lookup.at // DAY)
            for number in range(CLIENTS):
                judge.meet(lookups.client(number), lookup.at)
        yield lookup, judge.see(lookup)


def moment(at: float) -> str:
    """Write a moment of the simulation."""
    day, rest = divmod(at - MONDAY, DAY)
    return f"day {day:.0f} {rest // 3600:02.0f}:{rest % 3600 // 60:02.0f}:{rest % 60:02.0f}"


def people(chance: Random, clients: int = CLIENTS) -> list[Person]:
    """Draw the clients of a site."""
    return habits(chance, map(lookups.client, range(clients)))


def traffic(those: list[Person], since: float, until: float, seed: int) -> Lookups:
    """All honest lookups of a site, in order of time, hard negatives among them."""
    scene = Scene(those, SERVERS, since, until, some_domain)
    played = (_play(errand) for errand in errands(scene, Random(seed)))
    return _in_order(played)


def _play(errand: Errand) -> Lookups:
    """Turn an errand into the lookups that the detector sees."""
    at, who, domain, what, is_dead = errand
    if what is What.DELIVER:
        yield from lookups.delivery(at, who, domain)
        return
    yield lookups.mx(at, who, domain, rcode=lookups.NXDOMAIN * is_dead)
    if what is What.SET_UP:
        yield from lookups.guesses(at + 1, who, domain, SET_UP_GUESSES)


def _in_order(played: Iterator[Lookups]) -> Lookups:
    """Put the lookups of errands, which begin in order, into order."""
    waiting: list[tuple[float, int, MailLookup]] = []
    count = 0
    for ones in played:
        for place, one in enumerate(ones):
            while not place and waiting and waiting[0][0] <= one.at:
                yield heappop(waiting)[2]
            heappush(waiting, (one.at, count := count + 1, one))
    while waiting:
        yield heappop(waiting)[2]


def some_domain(chance: Random) -> str:
    """Draw a mail domain: one in three is a popular one."""
    if chance.random() < 0.33:
        return f"popular{int(chance.paretovariate(1)) % 500}.com"
    return f"d{chance.getrandbits(24)}.org"
