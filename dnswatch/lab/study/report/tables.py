"""Tables: what the report shows as numbers, the same for the page, for CSV and for JSON."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from dnswatch.errors import DnswatchError
from dnswatch.lab.study.bins import DAY
from dnswatch.lab.study.hosts import Group
from dnswatch.lab.study.measured import Trace
from dnswatch.lab.study.paper.figures import Figure
from dnswatch.lab.study.paper.findings import Finding
from dnswatch.lab.study.trace.sitecache import KINDS
from dnswatch.lab.study.trace.translations import WINDOWS

Row = Sequence[object]

_TTL: Final = WINDOWS[-1]


def when(trace: Trace, number: int) -> str:
    """Write the begin of a bin: a date, or a moment."""
    begin = trace.shown.bins.local(number)
    return f"{begin:%Y-%m-%d}" if trace.shown.bins.width % DAY == 0 else begin.isoformat()


def of_figure(figure: Figure, trace: Trace) -> Iterator[Row]:
    """Rows of a figure's panel: number of the bin, its begin, a value for each curve."""
    columns = [figure.values(trace, trace.shown, curve) for curve in figure.curves]
    for number, values in enumerate(zip(*columns, strict=True)):
        yield (number, when(trace, number), *values)


def of_groups(trace: Trace) -> Iterator[Row]:
    """Rows of the groups: name, hosts, addresses where these are few."""
    few = 20
    for group in Group:
        hosts = trace.census.of(group)
        yield group.value, len(hosts), ", ".join(hosts) if len(hosts) <= few else ""


def of_cache(trace: Trace) -> Iterator[Row]:
    """Rows of the site cache: number of the bin, its begin, how many of each of `KINDS`."""
    columns = [trace.shown.cache[kind] for kind in KINDS]
    for number, counts in enumerate(zip(*columns, strict=True)):
        yield (number, when(trace, number), *counts)


def of_windows(trace: Trace) -> Iterator[Row]:
    """Rows of the attribution windows: seconds (or `TTL`), TCP- and SMTP-related translations."""
    days = range(len(trace.daily.bins))
    for seconds in WINDOWS:
        counts = (
            trace.daily.total(f"{relation}_within_{seconds}", None, days)
            for relation in ("tcp", "smtp")
        )
        yield ("TTL" if seconds == _TTL else f"{seconds} s", *counts)


def write_csv(path: Path, header: Row, rows: Iterator[Row]) -> None:
    """Write rows as CSV."""
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
    except OSError as error:
        raise DnswatchError(f"cannot write '{path}': {error.strerror or error}") from None


def as_json(traces: Sequence[Trace], findings: Sequence[Finding]) -> dict[str, Any]:
    """Tell all but the figures' values, for programs."""
    return {
        "traces": [_trace(trace) for trace in traces],
        "assertions": [
            {
                "assertion": one.assertion,
                "statement": one.statement,
                "trace": one.trace,
                "paper": one.paper,
                "ours": one.value,
                "verdict": one.holds.value,
                "why": one.why or None,
            }
            for one in findings
        ],
    }


def _trace(trace: Trace) -> dict[str, Any]:
    bins = trace.daily.bins
    onset = trace.onset
    return {
        "name": trace.name,
        "engine": trace.engine,
        "zone": bins.zone.key,
        "first_day": f"{bins.local(0):%Y-%m-%d}",
        "days": len(bins),
        "has_lookups": trace.has_lookups,
        "has_flows": trace.has_flows,
        "outbreak": None if onset is None else {"day": onset.day, "source": onset.source},
        "groups": {group.value: len(trace.census.of(group)) for group in Group},
        "infected": trace.census.of(Group.INFECTED),
        "source_of_groups": trace.census.source,
        "remarks": list(trace.remarks),
        "site_cache": {kind: sum(trace.daily.cache[kind]) for kind in KINDS},
        "translations_by_window": {
            str(window): {"tcp": tcp, "smtp": smtp} for window, tcp, smtp in of_windows(trace)
        },
    }
