"""Pages: the report as one HTML file that needs no other, and all figures as files beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dnswatch.errors import DnswatchError
from dnswatch.lab.study.measured import Trace
from dnswatch.lab.study.paper.figures import FIGURES, Figure
from dnswatch.lab.study.paper.findings import Finding, Holds
from dnswatch.lab.study.report import drawing, tables
from dnswatch.lab.study.trace.sitecache import KINDS

PAGE = "index.html"
"""The page's name in the report's directory."""


def write(out: Path, traces: Sequence[Trace], findings: Sequence[Finding]) -> None:
    """Write the whole report into a directory; the traces were measured alike."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DnswatchError(f"cannot write to '{out}': {error.strerror or error}") from None
    drawn = [_figure(out, figure, traces) for figure in FIGURES]
    for trace in traces:
        header = ("bin", "begin", *KINDS)
        tables.write_csv(out / f"site-cache-{trace.name}.csv", header, tables.of_cache(trace))
    text = _template().render(
        traces=traces,
        findings=findings,
        holds=Holds,
        figures=drawn,
        tables=tables,
        kinds=KINDS,
        each=drawing.each_of(traces[0].shown.bins),
        window=traces[0].question.window,
        view=traces[0].question.view.value,
    )
    try:
        (out / PAGE).write_text(text, encoding="utf-8")
    except OSError as error:
        raise DnswatchError(f"cannot write '{out / PAGE}': {error.strerror or error}") from None


def _figure(out: Path, figure: Figure, traces: Sequence[Trace]) -> dict[str, Any]:
    """Write one figure as PNG, SVG and CSV; return what the page shows of it."""
    name = f"figure-{figure.number:02}"
    picture = drawing.draw(figure, traces)
    for ending in ("png", "svg"):
        drawing.save(picture, out / f"{name}.{ending}")
    labels = [curve.label for curve in figure.curves]
    rows = ((trace.name, *row) for trace in traces for row in tables.of_figure(figure, trace))
    tables.write_csv(out / f"{name}.csv", ("trace", "bin", "begin", *labels), rows)
    unit = figure.unit(drawing.each_of(traces[0].shown.bins))
    return {
        "figure": figure,
        "name": name,
        "unit": unit,
        "labels": labels,
        "svg": drawing.inline(picture, name),
        "panels": [(trace.name, list(tables.of_figure(figure, trace))) for trace in traces],
    }


def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("dnswatch.lab.study.report", "."),
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
