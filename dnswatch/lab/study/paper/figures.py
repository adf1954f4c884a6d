"""The figures of the paper: what each one shows, of whom, and in which unit.

Figures 1 to 9 are drawn for both outbreaks, 10 and 11 for SoBig alone; here all are drawn for every
trace.  Where the paper says "average" it is one of hosts, else a sum over the group.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dnswatch.lab.study.hosts import Group
from dnswatch.lab.study.measured import Measured, Trace, Values


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
    group: Group | None
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

    def is_told_by(self, trace: Trace) -> bool:
        """Whether a trace has what the figure shows."""
        return (trace.has_flows or not self.needs_flows) and (
            trace.has_lookups or not self.needs_lookups
        )

    def values(self, trace: Trace, measured: Measured, curve: Curve) -> Values:
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
    number: int, title: str, group: Group | None, is_average: bool, curves: tuple[Curve, ...]
) -> Figure:
    return Figure(number, title, "translations", group, is_average, curves, needs_lookups=True)


_INFECTED, _NORMAL, _SERVERS = Group.INFECTED, Group.NORMAL, Group.MAIL_SERVERS

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
