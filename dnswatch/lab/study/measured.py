"""What was measured of a trace: counts by group and bin, small and plain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dnswatch.lab.study.bins import Bins
from dnswatch.lab.study.hosts import GROUPS, Census, HostGroup
from dnswatch.lab.study.question import TraceQuestion
from dnswatch.lab.study.trace import KINDS, TranslationView

Rows = Iterable[Mapping[str, Any]]

Values = list[float | None]
"""A value for each bin; None where there is nothing to divide by."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts of a trace in bins of one width."""

    bins: Bins
    columns: Mapping[tuple[HostGroup, str], list[int]]
    "Flows, distinct destinations and translations (`trace.traffic`, `trace.translations`)."
    cache: Mapping[str, list[int]]
    "What addresses were to the site cache: new, refresh, hit."

    def counts(self, measure: str, group: HostGroup | None) -> list[int]:
        """One measure of a group in each bin, or of the whole site where `group` is None.

        Of the whole site only what can be added up: no `together_` measure.
        """
        assert group or not measure.startswith("together_")
        none = [0] * len(self.bins)
        groups = [group] if group else list(HostGroup)
        columns = [self.columns.get((one, measure), none) for one in groups]
        return [sum(column) for column in zip(*columns, strict=True)]

    def total(self, measure: str, group: HostGroup | None, numbers: Iterable[int]) -> int:
        """One measure of a group in some of the bins."""
        counts = self.counts(measure, group)
        return sum(counts[number] for number in numbers)


def collect(bins: Bins, flows: Rows, translations: Rows, view: TranslationView) -> Measured:
    """Gather what `trace.traffic.by_group` and `trace.translations.counts` found.

    Where it is counted what clients received, a hit is a refresh.
    """
    columns: dict[tuple[HostGroup, str], list[int]] = {}
    cache = {kind: [0] * len(bins) for kind in KINDS}

    def add(row: Mapping[str, Any], names: Mapping[str, str]) -> None:
        for column, measure in names.items():
            counts = columns.setdefault((GROUPS[row["owner"]], measure), [0] * len(bins))
            counts[row["bin"]] += int(row[column] or 0)

    for row in flows:
        add(row, {name: name for name in row if name not in ("bin", "owner")})
    for row in translations:
        cache[row["kind"]][row["bin"]] += row["count"]
        is_counted = view is TranslationView.CLIENT or row["kind"] != "hit"
        if is_counted and row["owner"] is not None:
            add(row, _measures(row))
    return Measured(bins, columns, cache)


def _measures(row: Mapping[str, Any]) -> dict[str, str]:
    """Say what each column of counted translations is called."""
    kind = "new" if row["kind"] == "new" else "refresh"
    related = {name: f"{name}_{kind}" for name in ("tcp", "smtp", "http")}
    return related | {name: name for name in row if "_within_" in name}


@dataclass(frozen=True, slots=True)
class Onset:
    """When the outbreak began."""

    day: int
    "Number of the day in the trace."
    source: str
    "How that is known, for the report."


@dataclass(frozen=True, slots=True)
class MeasuredTrace:
    """One trace, measured."""

    question: TraceQuestion
    engine: str
    "What computed it."
    begin: float
    "First lookup or flow, Unix seconds."
    end: float
    has_lookups: bool
    has_flows: bool
    census: Census
    onset: Onset | None
    jump: int | None
    "The day at which mail from hosts that are no mail servers jumps, whatever anybody said."
    daily: Measured
    shown: Measured
    "In the bins that were asked for; the same as `daily` where these are days."
    remarks: Sequence[str]
    "What a reader must know, sentences."

    @property
    def name(self) -> str:
        """What the trace is called."""
        return self.question.name

    def average(self, measured: Measured, measure: str, group: HostGroup) -> Values:
        """One measure of a group in each bin, divided by its hosts."""
        counts = measured.counts(measure, group)
        hosts = self.hosts(measured, group)
        return [count / many if many else None for count, many in zip(counts, hosts, strict=True)]

    def hosts(self, measured: Measured, group: HostGroup) -> list[int]:
        """Hosts that an average of each bin is over."""
        if self.question.per_member:
            return [len(self.census.of(group))] * len(measured.bins)
        return measured.counts("active", group)
