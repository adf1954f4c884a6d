"""The assertions: the numbers that the paper's text states, A1 to A17, as ranges to be met.

The ranges are a proposal: about 15 % where the text gives a number, its own words otherwise.
Where both outbreaks were described with different numbers, each has its own range.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dnswatch.lab.study.figures import INFECTED, NORMAL, SERVERS, Days, divided


class PaperWorm(StrEnum):
    """An outbreak that the paper describes."""

    SOBIG = "SoBig"
    MYDOOM = "MyDoom"


@dataclass(frozen=True, slots=True)
class PaperRange:
    """Values that bear the paper out."""

    least: float
    most: float
    said: str
    "The paper's value, as the report shows it."

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.least <= value <= self.most


def about(value: float, form: str = ",.0f", part: float = 0.15) -> PaperRange:
    """Accept a value up to a part more or less."""
    return PaperRange(value * (1 - part), value * (1 + part), f"{value:{form}} ±{part:.0%}")


def between(least: float, most: float, form: str = ".0%") -> PaperRange:
    """Accept from one value to another."""
    return PaperRange(least, most, f"{least:{form}} to {most:{form}}")


def below(most: float, form: str = ".2f") -> PaperRange:
    """Accept what is not above a value."""
    return PaperRange(float("-inf"), most, f"below {most:{form}}")


def above(least: float, form: str = ".2f") -> PaperRange:
    """Accept what is not below a value."""
    return PaperRange(least, float("inf"), f"above {least:{form}}")


@dataclass(frozen=True, slots=True)
class Assertion:
    """One number of the paper's text."""

    name: str
    "`A1` to `A17`."
    statement: str
    measure: Callable[[Days], float | None]
    ranges: PaperRange | Mapping[PaperWorm, PaperRange]
    "Of both outbreaks, or of each that it was stated for."
    form: str = ",.0f"
    "How a value is written."
    needs_lookups: bool = False
    needs_flows: bool = True
    is_total: bool = False
    "A count of the whole site, which tells nothing of a site of another size."


HOSTS: Final = 1128
"""Of the paper's site."""


def is_of_size(hosts: int) -> bool:
    """Say whether a site is of the size of the paper's, a quarter more or less."""
    return HOSTS * 0.75 <= hosts <= HOSTS * 1.25


def _both(sobig: PaperRange, mydoom: PaperRange) -> Mapping[PaperWorm, PaperRange]:
    return {PaperWorm.SOBIG: sobig, PaperWorm.MYDOOM: mydoom}


def _sobig(value: PaperRange) -> Mapping[PaperWorm, PaperRange]:
    return {PaperWorm.SOBIG: value}


def _mydoom(value: PaperRange) -> Mapping[PaperWorm, PaperRange]:
    return {PaperWorm.MYDOOM: value}


def _jump(days: Days) -> float | None:
    return None if days.trace.jump is None else float(days.trace.jump)


def _week(days: Days) -> float | None:
    return divided(
        days.per_day("tcp", NORMAL, days.weekdays(days.all)),
        days.per_day("tcp", NORMAL, days.weekends(days.all)),
    )


def _servers_rise(days: Days) -> float | None:
    """Weekdays only: else the share of weekends before and after would tell."""
    return divided(
        days.per_day("smtp_success", SERVERS, days.weekdays(days.during)),
        days.per_day("smtp_success", SERVERS, days.weekdays(days.before)),
    )


def _servers_refreshes(days: Days) -> float | None:
    ratios = [days.ratio("tcp_refresh", "tcp_new", SERVERS, [day]) for day in days.all]
    return min((ratio for ratio in ratios if ratio is not None), default=None)


def _bump(days: Days) -> float | None:
    return divided(
        days.per_day("smtp_new+smtp_refresh", None, days.peak),
        days.per_day("smtp_new+smtp_refresh", None, days.before),
    )


def _dns(
    name: str,
    statement: str,
    measure: Callable[[Days], float | None],
    ranges: PaperRange | Mapping[PaperWorm, PaperRange],
    form: str = ".2f",
) -> Assertion:
    return Assertion(name, statement, measure, ranges, form, needs_lookups=True)


def _successes(
    protocol: str,
    when: str,
    days_of: Callable[[Days], Sequence[int]],
    ranges: Mapping[PaperWorm, PaperRange],
) -> Assertion:
    measure = f"{protocol.lower()}_success"
    return Assertion(
        "A15",
        f"Successful {protocol} flows of the site{when}",
        lambda days: days.per_day(measure, None, days_of(days)),
        ranges,
        is_total=True,
    )


ASSERTIONS: Final = (
    Assertion(
        "A1",
        "Day on which the outbreak shows",
        _jump,
        PaperRange(11, 13, "12 ±1"),
        ".0f",
    ),
    Assertion(
        "A2",
        "SMTP among the TCP flows of infected hosts, before",
        lambda days: days.ratio("smtp", "tcp", INFECTED, days.before),
        below(0.02, ".0%"),
        ".1%",
    ),
    Assertion(
        "A3",
        "Successful SMTP among the TCP flows of infected hosts, at the peak",
        lambda days: days.ratio("smtp_success", "tcp", INFECTED, days.peak),
        between(0.40, 0.55),
        ".1%",
    ),
    Assertion(
        "A4",
        "Failed SMTP among the TCP flows of infected hosts, at the peak",
        lambda days: days.ratio("smtp_failure", "tcp", INFECTED, days.peak),
        _both(between(0.20, 0.30), between(0.35, 0.45)),
        ".1%",
    ),
    Assertion(
        "A5",
        "Successful SMTP flows of an infected host, at the peak",
        lambda days: days.per_host("smtp_success", INFECTED, days.peak),
        _both(about(2000), about(900)),
    ),
    Assertion(
        "A6",
        "Distinct destinations of these",
        lambda days: days.per_host("to_smtp_success", INFECTED, days.peak),
        _both(about(200), about(115)),
    ),
    Assertion(
        "A7",
        "Successful SMTP flows to one destination, at the peak",
        lambda days: days.ratio("smtp_success", "to_smtp_success", INFECTED, days.peak),
        _both(about(10, ".0f"), about(7.8, ".1f")),
        ".1f",
    ),
    Assertion(
        "A8",
        "Successful TCP flows of a normal host a day",
        lambda days: days.per_host("tcp_success", NORMAL, days.all),
        about(400),
    ),
    Assertion(
        "A8",
        "Distinct destinations of these",
        lambda days: days.per_host("to_tcp_success", NORMAL, days.all),
        about(20),
        ".1f",
    ),
    Assertion(
        "A8",
        "SMTP flows of a normal host a day",
        lambda days: days.per_host("smtp", NORMAL, days.all),
        below(0.5),
        ".2f",
    ),
    Assertion(
        "A9",
        "TCP flows of normal hosts on a weekday, times those at a weekend",
        _week,
        above(1.3),
        ".2f",
    ),
    Assertion(
        "A10",
        "Successful SMTP flows of mail servers on their busiest day",
        lambda days: days.per_day("smtp_success", SERVERS, days.busiest("smtp_success", SERVERS)),
        _sobig(about(9500)),
        is_total=True,
    ),
    Assertion(
        "A10",
        "Distinct destinations of these",
        lambda days: days.per_day(
            "together_to_smtp_success", SERVERS, days.busiest("smtp_success", SERVERS)
        ),
        _sobig(about(1600)),
        is_total=True,
    ),
    Assertion(
        "A10",
        "Successful SMTP flows of mail servers, during times before",
        _servers_rise,
        _mydoom(below(1.2)),
        ".2f",
    ),
    _dns(
        "A11",
        "Refreshes for each new entry, infected hosts, before",
        lambda days: days.ratio("tcp_refresh", "tcp_new", INFECTED, days.before),
        below(1.0),
    ),
    _dns(
        "A11",
        "Refreshes for each new entry, normal hosts, before",
        lambda days: days.ratio("tcp_refresh", "tcp_new", NORMAL, days.before),
        below(1.0),
    ),
    _dns(
        "A12",
        "SMTP among TCP-related new entries, infected hosts, at the peak",
        lambda days: days.ratio("smtp_new", "tcp_new", INFECTED, days.peak),
        _sobig(between(0.45, 0.50)),
        ".1%",
    ),
    _dns(
        "A12",
        "SMTP among TCP-related refreshes, infected hosts, at the peak",
        lambda days: days.ratio("smtp_refresh", "tcp_refresh", INFECTED, days.peak),
        _sobig(between(0.75, 0.85)),
        ".1%",
    ),
    _dns(
        "A12",
        "Refreshes for each new entry, infected hosts, at the peak",
        lambda days: days.ratio("tcp_refresh", "tcp_new", INFECTED, days.peak),
        _sobig(above(1.0)),
    ),
    _dns(
        "A13",
        "Refreshes for each new entry, infected hosts, at the peak",
        lambda days: days.ratio("tcp_refresh", "tcp_new", INFECTED, days.peak),
        _mydoom(between(0.8, 1.25, ".2f")),
    ),
    _dns(
        "A14",
        "Refreshes for each new entry, mail servers, on the least day",
        _servers_refreshes,
        above(2.0),
    ),
    Assertion(
        "A15",
        "HTTP among the successful TCP flows of the site",
        lambda days: days.ratio("http_success", "tcp_success", None, days.all),
        between(0.88, 0.92),
        ".1%",
    ),
    _successes("SMTP", ", at the peak", lambda days: days.peak, _sobig(about(20_000))),
    _successes("HTTP", ", at the peak", lambda days: days.peak, _sobig(about(200_000))),
    _successes("SMTP", " a day, during", lambda days: days.during, _mydoom(about(10_000))),
    _successes("HTTP", " a day, during", lambda days: days.during, _mydoom(about(300_000))),
    _dns(
        "A16",
        "SMTP among the site's TCP-related translations, at the peak",
        lambda days: days.ratio("smtp_new+smtp_refresh", "tcp_new+tcp_refresh", None, days.peak),
        below(0.10, ".0%"),
        ".1%",
    ),
    _dns(
        "A16",
        "The site's SMTP-related translations at the peak, times before",
        _bump,
        above(1.2),
    ),
)
"""A1 to A16, each of one trace; A17 compares two (`findings`)."""

VOLUME: Final = about(1.5, ".1f", 0.1)
"""A17: the flows of all hosts that SoBig infected, times those of MyDoom's, at their peaks."""
