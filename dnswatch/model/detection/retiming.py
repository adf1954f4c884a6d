"""Retiming: what becomes of stored evidence when the machine's clock was set.

What was timed by the clock as it was is moved along, so that a verdict for a day stands a day, and
nothing fades at once or never.  What is older than the run of dnswatch that went by that clock
keeps its time: another clock wrote it.  What was learned of the hours of a week stays as it is.
"""

import dataclasses
from collections.abc import Callable, Hashable
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from dnswatch.model.detection.baselines import Day, History
from dnswatch.model.detection.client_state import ClientState
from dnswatch.model.detection.detector import SiteState
from dnswatch.model.detection.guesses import Guesses
from dnswatch.model.detection.novelty import Novelty
from dnswatch.model.detection.servers import HOUR

_DAY: Final = 86400.0
K = TypeVar("K", bound=Hashable)
T = TypeVar("T", int, float)


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """How a clock was set; a moment is Unix seconds."""

    by: float
    "Seconds, forward if positive."
    begun: float
    "When the run began that went by the old clock, by that clock."
    ended: float
    "When it ended, by the old clock; a verdict of then may stand for a day more."

    def moment(self, at: float) -> float:
        """Return the moment that the right clock would have written."""
        return at + self.by if self.begun <= at <= self.ended + _DAY else at

    def day(self, number: int) -> int:
        """Return the same of a Unix day: one that the run has seen the end of, or is within."""
        end = (number + 1) * _DAY - 1
        return int((end - _DAY / 2 + self.by) // _DAY) if self.moment(end) != end else number

    def maybe(self, at: float | None) -> float | None:
        """Return the same of a moment that there may not be."""
        return None if at is None else self.moment(at)


def site(stored: bytes, clock: Setting) -> bytes:
    """Move the moments in what is stored of a site."""
    told = msgspec.msgpack.decode(stored, type=SiteState)
    told.started, told.swept = clock.moment(told.started), clock.day(told.swept)
    told.met, told.seen = (_values(days, clock.day) for days in (told.met, told.seen))
    told.here = sorted((clock.day(day), count) for day, count in told.here)
    for baseline in told.baselines:
        baseline.known = clock.day(baseline.known)
    for load in told.loads:
        load.since, load.hour = _hour(load.since, clock), _hour(load.hour, clock)
        load.peaks = sorted((_hour(hour, clock), count) for hour, count in load.peaks)
    heard = [
        (domain, clock.moment(first), clock.moment(last), client)
        for domain, first, last, client in told.sitewide.heard
    ]
    told.sitewide = told.sitewide._replace(heard=heard)
    return msgspec.msgpack.encode(told)


def client(stored: bytes, clock: Setting) -> bytes:
    """Move the moments in what is stored of a client."""
    told = msgspec.msgpack.decode(stored, type=ClientState)
    _history(told.history, clock)
    told.days = _days(told.days, clock)
    told.bounded_on = clock.day(told.bounded_on)
    for statistic in (told.statistic, *(side.statistic for side in told.sides)):
        if statistic:
            statistic.since = clock.moment(statistic.since)
            statistic.last = clock.maybe(statistic.last)
    _novelty(told.novelty, clock)
    for side in told.sides:
        _side(side, clock)
    if told.volume:
        told.volume.lately = _values(told.volume.lately, clock.moment)
    told.pending = [one._replace(at=clock.moment(one.at)) for one in told.pending]
    told.steps = [replace(one, at=clock.moment(one.at)) for one in told.steps]
    told.found = [
        replace(one, finding=replace(one.finding, at=clock.moment(one.finding.at)))
        for one in told.found
    ]
    told.conduct.last_day = clock.day(told.conduct.last_day)
    _verdict(told, clock)
    return msgspec.msgpack.encode(told)


def _verdict(told: ClientState, clock: Setting) -> None:
    told.last_novel = clock.maybe(told.last_novel)
    told.infected_until = clock.maybe(told.infected_until)
    told.accused_until = clock.moment(told.accused_until)
    told.told_at = clock.moment(told.told_at)
    if told.breach:
        told.breach = clock.moment(told.breach[0]), told.breach[1]
    if told.judged_on:
        told.judged_on = clock.day(told.judged_on[0]), told.judged_on[1]
    if told.tunnel:
        began, at = clock.moment(told.tunnel.since), clock.moment(told.tunnel.at)
        told.tunnel = replace(told.tunnel, since=began, at=at)
    # What a person said is moved whenever it was said, as it is in the records (store/moved.py).
    if said := told.overrule:
        told.overrule = dataclasses.replace(
            said, at=said.at + clock.by, until=said.until + clock.by
        )
    told.cleared_at += clock.by if told.cleared_at else 0.0


def _novelty(told: Novelty, clock: Setting) -> None:
    at = clock.moment
    told.known, told.asked, told.guessed, told.web = (
        _values(times, at) for times in (told.known, told.asked, told.guessed, told.web)
    )
    told.named = {name: (domain, at(when)) for name, (domain, when) in told.named.items()}
    told.guesses = {domain: _values(names, at) for domain, names in told.guesses.items()}
    told.visits = {name: (at(first), at(last)) for name, (first, last) in told.visits.items()}


def _side(told: Guesses, clock: Setting) -> None:
    _history(told.history, clock)
    told.days = _days(told.days, clock)
    told.bounded_on = clock.day(told.bounded_on)
    told.last = clock.maybe(told.last)
    told.moments = [(clock.moment(at), domain) for at, domain in told.moments]


def _history(told: History, clock: Setting) -> None:
    told.since, told.at = clock.day(told.since), clock.day(told.at)


def _days(told: list[Day], clock: Setting) -> list[Day]:
    for day in told:
        day.number = clock.day(day.number)
    return sorted(told, key=lambda day: day.number)


def _hour(number: int, clock: Setting) -> int:
    return int(clock.moment(number * HOUR) // HOUR)


def _values(times: dict[K, T], move: Callable[[T], T]) -> dict[K, T]:
    return {key: move(at) for key, at in times.items()}
