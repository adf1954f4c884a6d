"""Edge: clients that do all that they may, and how long they are watched before they look infected.

Each site has clients of one kind alone, who begin sessions at any hour of the day.  The limit is
set to `LIMIT` days: by the theorem the mean time until a client's statistic first reaches it is at
least that, less what the statistic begins with.
"""

from collections.abc import Iterator
from heapq import merge
from math import log
from random import Random
from typing import Final, NamedTuple

from bench.detection import lookups
from bench.detection.elsewhere.town import BEGIN
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection.detector import Detector
from dnswatch.model.detection.shiryaev_roberts import Bounds, Statistic
from dnswatch.model.week import Week

LIMIT: Final = 200.0
"""Days that are promised."""
_DAY: Final = 86400.0
_CLIENTS: Final = 300
_RATE: Final = 0.2
"""Sessions a day."""
_LEARNED: Final = 14
_JUDGED: Final = 240


class Edge(NamedTuple):
    """How clients go on."""

    name: str
    bursts: float = 0.3
    "Probability of one more domain within 5 minutes."
    again: float = 0.0
    "Of one more burst within 30 minutes."
    follows: float = 0.0
    "Share of clients who always ask for the mail host's address; the others never do."


EDGES: Final = (
    Edge("half of all always follow, the others never", follows=0.5),
    Edge("another burst within 30 min with probability 0.3", again=0.3),
)


def at_bounds(runs: int) -> list[float | None]:
    """Let clients begin and go on exactly as often as they may; return days and alarms."""
    chance, week, bounds = Random(3), Week(), Bounds(_RATE, 0.5, 0.4, 0.3)
    days = 0.0
    for _ in range(runs):
        at = BEGIN
        statistic = Statistic.begin(at, bounds)
        while statistic.days(at, bounds, week) < LIMIT:
            pause = _pause(chance, bounds.shares)
            at += pause or 7201 + chance.expovariate(_RATE) * _DAY
            statistic.see(b"\0", at, bounds, week)
        days += (at - BEGIN) / _DAY
    return [days, float(runs)]


def watched(edge: Edge, judge: Detector) -> list[float | None]:
    """Watch a site; return days and alarms of those who follow, or of all where nobody does."""
    those = [lookups.client(number) for number in range(_CLIENTS)]
    streams = [_life(who, edge, number) for number, who in enumerate(those)]
    begin = BEGIN + _LEARNED * _DAY
    until, told = dict.fromkeys(those, 0.0), -1
    for lookup in merge(*streams, key=lambda one: one.at):
        if (today := int((lookup.at - BEGIN) // _DAY)) > told:
            told = today
            for who in those:
                judge.meet(who, lookup.at)
        judge.see(lookup)
        who = lookup.client
        if lookup.at < begin or until[who]:
            continue
        if judge.verdict(who, lookup.at, is_told=True).score >= log(LIMIT):
            until[who] = lookup.at
    counted = those[: int(edge.follows * _CLIENTS) or _CLIENTS]
    last = begin + _JUDGED * _DAY
    days = sum((until[who] or last) - begin for who in counted) / _DAY
    return [days, float(sum(until[who] > 0 for who in counted))]


def _life(who: bytes, edge: Edge, number: int) -> Iterator[MailLookup]:
    chance, at = Random(f"edge {number}"), BEGIN
    does_follow = number < edge.follows * _CLIENTS
    while True:
        pause = _pause(chance, (edge.bursts, edge.again, 0.0))
        at += pause or 7201 + chance.expovariate(_RATE) * _DAY
        if at > BEGIN + (_LEARNED + _JUDGED) * _DAY:
            return
        found = lookups.delivery(at, who, f"edge{chance.getrandbits(40)}.org")
        yield from found[: 1 + does_follow]


def _pause(chance: Random, shares: tuple[float, float, float]) -> float:
    """Seconds until the next domain of a session; 0 where that has ended."""
    for share, pause in zip(shares, (60.0, 900.0, 5400.0), strict=True):
        if chance.random() < share:
            return pause
    return 0.0
