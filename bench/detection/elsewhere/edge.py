"""Edge: clients that do all that they may, and how long they are watched before they look infected.

Clients begin sessions at any hour of the day; a site has clients of one kind alone.  The limit is
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
from dnswatch.model.detection.baselines import DELAY, Baseline, Day, History
from dnswatch.model.detection.detector import Detector
from dnswatch.model.detection.indicators import FOLLOWED
from dnswatch.model.detection.shiryaev_roberts import Bounds, Statistic
from dnswatch.model.role import Role
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


AGAIN: Final = Edge("another burst within 30 min with probability 0.3", again=0.3)


def at_bounds(runs: int, role: Baseline | None = None) -> list[float | None]:
    """Let clients begin and go on exactly as often as they may; return days and alarms.

    Where a role is given, each asks for the address of every mail host, and is weighed by what is
    learned of its role and of itself, as late as the detector learns it.
    """
    chance, week, bounds = Random(3), Week(), Bounds(_RATE, 0.5, 0.4, 0.3)
    days = 0.0
    for _ in range(runs):
        at, own = BEGIN, _Own(int(BEGIN // _DAY))
        statistic = Statistic.begin(at, bounds)
        while statistic.days(at, bounds, week) < LIMIT:
            pause = _pause(chance, bounds.shares)
            at += pause or 7201 + chance.expovariate(_RATE) * _DAY
            statistic.see(b"\0", at, bounds, week)
            if role:
                statistic.weigh(FOLLOWED.factor(True, role.share(FOLLOWED.name, own.until(at))))
                own.follow(at)
        days += (at - BEGIN) / _DAY
    return [days, float(runs)]


def followers(*shares: float) -> Baseline:
    """Return a role whose clients ask for so many of the addresses, turn by turn."""
    role, histories = Baseline.begin(Role.CLIENT), []
    for number in range(_CLIENTS):
        share, day, history = shares[number % len(shares)], Day(0), History(0)
        for trial in range(8):
            day.note(FOLLOWED.name, trial < 8 * share)
        role.learn(day)
        history.learn(day)
        histories.append(history)
    role.fit([], 0, 0.0)
    role.compare(histories)
    return role


class _Own:
    """What is learned of one client that follows always."""

    def __init__(self, today: int) -> None:
        self._history = History(today, today)
        self._days: list[Day] = []

    def follow(self, at: float) -> None:
        if not self._days or self._days[-1].number < int(at // _DAY):
            self._days.append(Day(int(at // _DAY)))
        self._days[-1].note(FOLLOWED.name, True)

    def until(self, at: float) -> History:
        while self._days and self._days[0].number < int(at // _DAY) - DELAY:
            self._history.learn(self._days.pop(0))
        return self._history


def watched(edge: Edge, judge: Detector) -> list[float | None]:
    """Watch a site; return days and alarms."""
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
    last = begin + _JUDGED * _DAY
    days = sum((at or last) - begin for at in until.values()) / _DAY
    return [days, float(sum(at > 0 for at in until.values()))]


def _life(who: bytes, edge: Edge, number: int) -> Iterator[MailLookup]:
    chance, at = Random(f"edge {number}"), BEGIN
    while True:
        pause = _pause(chance, (edge.bursts, edge.again, 0.0))
        at += pause or 7201 + chance.expovariate(_RATE) * _DAY
        if at > BEGIN + (_LEARNED + _JUDGED) * _DAY:
            return
        yield from lookups.delivery(at, who, f"edge{chance.getrandbits(40)}.org")


def _pause(chance: Random, shares: tuple[float, float, float]) -> float:
    """Seconds until the next domain of a session; 0 where that has ended."""
    for share, pause in zip(shares, (60.0, 900.0, 5400.0), strict=True):
        if chance.random() < share:
            return pause
    return 0.0
