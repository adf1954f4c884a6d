"""Figures: those of the paper, each as a panel of curves, and the days that they show.

Days are before the outbreak, during it, and at its peak, as the paper speaks of them.  "The peak"
is the day on which infected hosts made most successful SMTP flows.

Figures 1 to 9 are drawn for both outbreaks, 10 and 11 for SoBig alone; here all are drawn for every
trace.  Where the paper says "average" it is one of hosts, else a sum over the group.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from dnswatch.lab.study.hosts import HostGroup
from dnswatch.lab.study.measured import Measured, MeasuredTrace, Values

INFECTED, NORMAL, SERVERS = HostGroup.INFECTED, HostGroup.NORMAL, HostGroup.MAIL_SERVERS


class Days:
    """One trace, day by day; what cannot be told of it is None."""

    def __init__(self, trace: MeasuredTrace) -> None:
        """Look at a trace."""
        self.trace = trace
        self._daily = trace.daily

    @cached_property
    def all(self) -> Sequence[int]:
        """All days."""
        return range(len(self._daily.bins))

    @cached_property
    def before(self) -> Sequence[int]:
        """The days before the outbreak; all, where there is none."""
        return self.all if self.trace.onset is None else range(max(0, self.trace.onset.day))

    @cached_property
    def during(self) -> Sequence[int]:
        """The days from its beginning on."""
        return range(len(self.before), len(self.all))

    @cached_property
    def peak(self) -> Sequence[int]:
        """The peak, or no day at all."""
        return self.busiest("smtp_success", INFECTED)

    def busiest(self, measure: str, group: HostGroup | None) -> Sequence[int]:
        """The day of the outbreak with most of something."""
        counts = self._daily.counts(measure, group)
        top = max(self.during, key=lambda day: counts[day], default=None)
        return () if top is None or not counts[top] else (top,)

    def total(self, measure: str, group: HostGroup | None, days: Iterable[int]) -> int:
        """Add up something over some days."""
        return sum(self._daily.total(one, group, days) for one in measure.split("+"))

    def ratio(
        self, upper: str, lower: str, group: HostGroup | None, days: Iterable[int]
    ) -> float | None:
        """Divide two things of the same days."""
        days = tuple(days)
        return divided(self.total(upper, group, days), self.total(lower, group, days))

    def per_host(self, measure: str, group: HostGroup, days: Iterable[int]) -> float | None:
        """Average something over the hosts of a group, and over days."""
        days = tuple(days)
        hosts = self.trace.hosts(self._daily, group)
        return divided(self.total(measure, group, days), sum(hosts[day] for day in days))

    def per_day(self, measure: str, group: HostGroup | None, days: Iterable[int]) -> float | None:
        """Average something over days."""
        days = tuple(days)
        return divided(self.total(measure, group, days), len(days))

    def weekdays(self, days: Iterable[int]) -> list[int]:
        """Leave out Saturdays and Sundays."""
        return [day for day in days if not self._daily.bins.is_weekend(day)]

    def weekends(self, days: Iterable[int]) -> list[int]:
        """Keep Saturdays and Sundays."""
        return [day for day in days if self._daily.bins.is_weekend(day)]


def divided(upper: float | None, lower: float | None) -> float | None:
    """Divide, where both are known and there is something to divide by."""
    return upper / lower if upper is not None and lower else None


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a figure."""

    label: str
    measures: tuple[str, ...]
    "Counts that are added up (`Measured.columns`)."
    look: int
    "Number of its look: what is alike in several figures looks alike in them."


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the paper."""

    number: int
    title: str
    counted: str
    "What its unit counts, in the plural."
    group: HostGroup | None
    "None is the whole site."
    is_average: bool
    curves: tuple[Curve, ...]
    needs_lookups: bool = False
    needs_flows: bool = True

    def unit(self, each: str) -> str:
        """Name the unit, for bins that last a day, or what `each` says."""
        return (
            f"{self.counted} per host and {each}"
            if self.is_average
            else (f"{self.counted} per {each}")
        )

    def is_told_by(self, trace: MeasuredTrace) -> bool:
        """Whether a trace has what the figure shows."""
        return (trace.has_flows or not self.needs_flows) and (
            trace.has_lookups or not self.needs_lookups
        )

    def values(self, trace: MeasuredTrace, measured: Measured, curve: Curve) -> Values:
        """Read off one curve."""
        if self.is_average:
            assert self.group is not None
            averages = [trace.average(measured, name, self.group) for name in curve.measures]
            return [_sum(column) for column in zip(*averages, strict=True)]
        counts = [measured.counts(name, self.group) for name in curve.measures]
        return [float(sum(column)) for column in zip(*counts, strict=True)]


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


_FLOWS: Final = (
    Curve("TCP, all", ("tcp",), 0),
    Curve("TCP, failures", ("tcp_failure",), 1),
    Curve("SMTP, successes", ("smtp_success",), 2),
    Curve("SMTP, failures", ("smtp_failure",), 3),
)
_SMTP: Final = (
    Curve("SMTP, all", ("smtp",), 0),
    Curve("SMTP, successes", ("smtp_success",), 2),
    Curve("SMTP, failures", ("smtp_failure",), 3),
)
_EACH: Final = (
    Curve("all protocols", ("to_all",), 1),
    Curve("TCP", ("to_tcp",), 0),
    Curve("SMTP", ("to_smtp",), 3),
    Curve("SMTP, successes", ("to_smtp_success",), 2),
)
_TOGETHER: Final = (
    Curve("all protocols", ("together_to_all",), 1),
    Curve("TCP", ("together_to_tcp",), 0),
    Curve("SMTP", ("together_to_smtp",), 3),
    Curve("SMTP, successes", ("together_to_smtp_success",), 2),
)
_TRANSLATIONS: Final = (
    Curve("TCP-related, new", ("tcp_new",), 0),
    Curve("TCP-related, refresh", ("tcp_refresh",), 1),
    Curve("SMTP-related, new", ("smtp_new",), 2),
    Curve("SMTP-related, refresh", ("smtp_refresh",), 3),
)
_BY_PROTOCOL: Final = (
    Curve("TCP-related", ("tcp_new", "tcp_refresh"), 0),
    Curve("HTTP-related", ("http_new", "http_refresh"), 1),
    Curve("SMTP-related", ("smtp_new", "smtp_refresh"), 2),
)
_SUCCESSES: Final = (
    Curve("TCP", ("tcp_success",), 0),
    Curve("HTTP", ("http_success",), 1),
    Curve("SMTP", ("smtp_success",), 2),
)


def _of_lookups(
    number: int, title: str, group: HostGroup | None, is_average: bool, curves: tuple[Curve, ...]
) -> Figure:
    return Figure(number, title, "translations", group, is_average, curves, needs_lookups=True)


_INFECTED, _NORMAL, _SERVERS = HostGroup.INFECTED, HostGroup.NORMAL, HostGroup.MAIL_SERVERS

FIGURES: Final = (
    Figure(1, "Average outgoing TCP flows of infected hosts", "flows", _INFECTED, True, _FLOWS),
    Figure(2, "Average outgoing TCP flows of normal hosts", "flows", _NORMAL, True, _FLOWS),
    Figure(3, "Outgoing SMTP flows of mail servers", "flows", _SERVERS, False, _SMTP),
    Figure(
        4, "Average distinct destinations of infected hosts", "addresses", _INFECTED, True, _EACH
    ),
    Figure(5, "Average distinct destinations of normal hosts", "addresses", _NORMAL, True, _EACH),
    Figure(6, "Distinct destinations of mail servers", "addresses", _SERVERS, False, _TOGETHER),
    _of_lookups(7, "Average DNS translations of infected hosts", _INFECTED, True, _TRANSLATIONS),
    _of_lookups(8, "Average DNS translations of normal hosts", _NORMAL, True, _TRANSLATIONS),
    _of_lookups(9, "DNS translations of mail servers", _SERVERS, False, _TRANSLATIONS),
    _of_lookups(10, "DNS translations of the whole site", None, False, _BY_PROTOCOL),
    Figure(11, "Successful TCP flows of the whole site", "flows", None, False, _SUCCESSES),
)
"""Figures 1 to 11."""
