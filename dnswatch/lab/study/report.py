"""The report: one HTML page that needs no other file, with all figures and tables beside it.

What the report shows as numbers is the same for the page, for CSV and for JSON.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from dnswatch.errors import DnswatchError
from dnswatch.lab.study import drawing
from dnswatch.lab.study.bins import DAY
from dnswatch.lab.study.figures import FIGURES, Figure
from dnswatch.lab.study.findings import Holds, PaperFinding
from dnswatch.lab.study.hosts import HostGroup
from dnswatch.lab.study.measured import MeasuredTrace
from dnswatch.lab.study.trace import KINDS, WINDOWS

Row = Sequence[object]

_TTL: Final = WINDOWS[-1]


def when(trace: MeasuredTrace, number: int) -> str:
    """Write the begin of a bin: a date, or a moment."""
    begin = trace.shown.bins.local(number)
    return f"{begin:%Y-%m-%d}" if trace.shown.bins.width % DAY == 0 else begin.isoformat()


def of_figure(figure: Figure, trace: MeasuredTrace) -> Iterator[Row]:
    """Rows of a figure's panel: number of the bin, its begin, a value for each curve."""
    columns = [figure.values(trace, trace.shown, curve) for curve in figure.curves]
    for number, values in enumerate(zip(*columns, strict=True)):
        yield (number, when(trace, number), *values)


def of_groups(trace: MeasuredTrace) -> Iterator[Row]:
    """Rows of the groups: name, hosts, addresses where these are few."""
    few = 20
    for group in HostGroup:
        hosts = trace.census.of(group)
        yield group.value, len(hosts), ", ".join(hosts) if len(hosts) <= few else ""


def of_cache(trace: MeasuredTrace) -> Iterator[Row]:
    """Rows of the site cache: number of the bin, its begin, how many of each of `KINDS`."""
    columns = [trace.shown.cache[kind] for kind in KINDS]
    for number, counts in enumerate(zip(*columns, strict=True)):
        yield (number, when(trace, number), *counts)


def of_windows(trace: MeasuredTrace) -> Iterator[Row]:
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


def as_json(traces: Sequence[MeasuredTrace], findings: Sequence[PaperFinding]) -> dict[str, Any]:
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


def _trace(trace: MeasuredTrace) -> dict[str, Any]:
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
        "groups": {group.value: len(trace.census.of(group)) for group in HostGroup},
        "infected": trace.census.of(HostGroup.INFECTED),
        "source_of_groups": trace.census.source,
        "remarks": list(trace.remarks),
        "site_cache": {kind: sum(trace.daily.cache[kind]) for kind in KINDS},
        "translations_by_window": {
            str(window): {"tcp": tcp, "smtp": smtp} for window, tcp, smtp in of_windows(trace)
        },
    }


PAGE = "index.html"
"""The page's name in the report's directory."""


def write(out: Path, traces: Sequence[MeasuredTrace], findings: Sequence[PaperFinding]) -> None:
    """Write the whole report into a directory; the traces were measured alike."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DnswatchError(f"cannot write to '{out}': {error.strerror or error}") from None
    drawn = [_figure(out, figure, traces) for figure in FIGURES]
    for trace in traces:
        header = ("bin", "begin", *KINDS)
        write_csv(out / f"site-cache-{trace.name}.csv", header, of_cache(trace))
    text = _template().render(
        traces=traces,
        findings=findings,
        holds=Holds,
        figures=drawn,
        of_groups=of_groups,
        of_windows=of_windows,
        kinds=KINDS,
        each=drawing.each_of(traces[0].shown.bins),
        window=traces[0].question.window,
        view=traces[0].question.view.value,
    )
    try:
        (out / PAGE).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DnswatchError(f"cannot write '{out / PAGE}': {error.strerror or error}") from None


def _figure(out: Path, figure: Figure, traces: Sequence[MeasuredTrace]) -> dict[str, Any]:
    """Write one figure as PNG, SVG and CSV; return what the page shows of it."""
    name = f"figure-{figure.number:02}"
    picture = drawing.draw(figure, traces)
    for ending in ("png", "svg"):
        drawing.save(picture, out / f"{name}.{ending}")
    labels = [curve.label for curve in figure.curves]
    rows = ((trace.name, *row) for trace in traces for row in of_figure(figure, trace))
    write_csv(out / f"{name}.csv", ("trace", "bin", "begin", *labels), rows)
    unit = figure.unit(drawing.each_of(traces[0].shown.bins))
    return {
        "figure": figure,
        "name": name,
        "unit": unit,
        "labels": labels,
        "svg": drawing.inline(picture, name),
        "panels": [(trace.name, list(of_figure(figure, trace))) for trace in traces],
    }


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("dnswatch.lab.study", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    return environment.get_template("page.html.j2")


def _number(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.1f}"
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)
