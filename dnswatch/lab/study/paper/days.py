"""The days of a trace as the paper speaks of them: before the outbreak, during it, at its peak.

"The peak" is the day on which infected hosts made most successful SMTP flows.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

from dnswatch.lab.study.hosts import Group
from dnswatch.lab.study.measured import Trace

INFECTED, NORMAL, SERVERS = Group.INFECTED, Group.NORMAL, Group.MAIL_SERVERS


class Days:
    """One trace, day by day; what cannot be told of it is None."""

    def __init__(self, trace: Trace) -> None:
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

    def busiest(self, measure: str, group: Group | None) -> Sequence[int]:
        """The day of the outbreak with most of something."""
        counts = self._daily.counts(measure, group)
        top = max(self.during, key=lambda day: counts[day], default=None)
        return () if top is None or not counts[top] else (top,)

    def total(self, measure: str, group: Group | None, days: Iterable[int]) -> int:
        """Add up something over some days."""
        return sum(self._daily.total(one, group, days) for one in measure.split("+"))

    def ratio(
        self, upper: str, lower: str, group: Group | None, days: Iterable[int]
    ) -> float | None:
        """Divide two things of the same days."""
        days = tuple(days)
        return divided(self.total(upper, group, days), self.total(lower, group, days))

    def per_host(self, measure: str, group: Group, days: Iterable[int]) -> float | None:
        """Average something over the hosts of a group, and over days."""
        days = tuple(days)
        hosts = self.trace.hosts(self._daily, group)
        return divided(self.total(measure, group, days), sum(hosts[day] for day in days))

    def per_day(self, measure: str, group: Group | None, days: Iterable[int]) -> float | None:
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
