"""Findings: what the paper states, beside what a trace shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dnswatch.lab.study.assertions import (
    ASSERTIONS,
    HOSTS,
    VOLUME,
    Assertion,
    PaperRange,
    PaperWorm,
    is_of_size,
)
from dnswatch.lab.study.figures import INFECTED, Days, divided
from dnswatch.lab.study.measured import MeasuredTrace

_VOLUME: Final = "TCP flows of all infected hosts at the peak: SoBig's, times MyDoom's"


class Holds(StrEnum):
    """Whether a trace bears the paper out."""

    YES = "holds"
    NO = "does not hold"
    UNTOLD = "cannot be told"


@dataclass(frozen=True, slots=True)
class PaperFinding:
    """One statement of the paper, and what became of it."""

    assertion: str
    "`A1` to `A17`."
    statement: str
    trace: str
    "The trace that it was looked for in."
    paper: str
    "The paper's value, with the range that counts as the same."
    value: float | None
    "What was measured."
    ours: str
    "The same as text."
    holds: Holds
    why: str = ""
    "Why it cannot be told."


def worm_of(trace: MeasuredTrace) -> PaperWorm | None:
    """Recognise an outbreak of the paper by the name of a trace."""
    name = trace.name.lower()
    return next((worm for worm in PaperWorm if worm.value.lower() in name), None)


def findings(traces: Sequence[MeasuredTrace]) -> list[PaperFinding]:
    """Hold each trace against each assertion; A17 needs one trace of each outbreak."""
    found = [_find(assertion, trace) for assertion in ASSERTIONS for trace in traces]
    return [finding for finding in found if finding] + [_volume(traces)]


def _find(assertion: Assertion, trace: MeasuredTrace) -> PaperFinding | None:
    """Judge one assertion; None where the paper states it of the other outbreak."""
    worm, ranges = worm_of(trace), _by_worm(assertion.ranges)
    if worm is not None and worm not in ranges:
        return None
    value = assertion.measure(Days(trace)) if _is_seen(assertion, trace) else None
    meant = ranges.get(worm)
    said = meant.said if meant else "; ".join(f"{w}: {r.said}" for w, r in ranges.items())
    ours = "" if value is None else format(value, assertion.form)
    if value is None:
        holds, why = Holds.UNTOLD, _missing(assertion, trace)
    elif meant is None:
        holds = Holds.UNTOLD
        why = "the paper's number is that of one outbreak: name the trace sobig or mydoom"
    elif assertion.is_total and not is_of_size(len(trace.census.groups)):
        holds = Holds.UNTOLD
        why = f"a count of the whole site: {len(trace.census.groups):,} hosts here, {HOSTS:,} there"
    else:
        holds, why = (Holds.YES if meant.holds(value) else Holds.NO), ""
    return PaperFinding(
        assertion.name, assertion.statement, trace.name, said, value, ours, holds, why
    )


def _by_worm(
    ranges: PaperRange | Mapping[PaperWorm, PaperRange],
) -> Mapping[PaperWorm | None, PaperRange]:
    """Spread a range that is the same for every outbreak."""
    if isinstance(ranges, PaperRange):
        return dict.fromkeys((*PaperWorm, None), ranges)
    return {worm: ranges[worm] for worm in ranges}


def _is_seen(assertion: Assertion, trace: MeasuredTrace) -> bool:
    return (trace.has_flows or not assertion.needs_flows) and (
        trace.has_lookups or not assertion.needs_lookups
    )


def _missing(assertion: Assertion, trace: MeasuredTrace) -> str:
    if not trace.has_flows:
        return "the trace has no flows"
    if assertion.needs_lookups and not trace.has_lookups:
        return "the trace has no lookups"
    if trace.onset is None:
        return "the trace has no outbreak"
    return "nothing in the trace is of that kind"


def _volume(traces: Sequence[MeasuredTrace]) -> PaperFinding:
    """A17: which outbreak was larger."""
    volumes = {worm_of(trace): _peak_flows(trace) for trace in traces}
    value = divided(volumes.get(PaperWorm.SOBIG), volumes.get(PaperWorm.MYDOOM))
    names = " / ".join(trace.name for trace in traces)
    if value is None:
        why = "it takes a trace named sobig and one named mydoom, each with infected hosts"
        return PaperFinding("A17", _VOLUME, names, VOLUME.said, None, "", Holds.UNTOLD, why)
    holds = Holds.YES if VOLUME.holds(value) else Holds.NO
    return PaperFinding("A17", _VOLUME, names, VOLUME.said, value, f"{value:.2f}", holds)


def _peak_flows(trace: MeasuredTrace) -> float | None:
    days = Days(trace)
    return days.per_day("tcp", INFECTED, days.peak)
