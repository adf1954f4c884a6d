"""The report: one HTML page with all tables and plots, and the tables in a page of the docs.

The HTML needs nothing else to be read; a page of the docs has two marks between which the tables
go.
"""

import re
from html import escape
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from dnswatch.errors import DnswatchError
from dnswatch.lab.campus.compare.results import Interval, Results
from dnswatch.lab.campus.compare.table import ResultTable, tables
from dnswatch.lab.pictures import INK, inline, style

BEGIN: Final = "<!-- comparison -->"
END: Final = "<!-- /comparison -->"

_NONE: Final = 0.1
"""What stands for no false verdict on an axis that has no 0."""
_APART: Final = 1.07
"""Factor by which defences with the very same false verdicts are set apart."""

_STYLE: Final = """
:root { --paper: #fff; --ink: #1a1a1b; --soft: #5a5f66; --line: #d5d9de; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171a; --ink: #e6e8ea; --soft: #a2a9b1; --line: #353b42; }
}
@media print { :root { --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em;
       background: var(--paper); color: var(--ink); }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .25em .6em; text-align: right; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
p.note { color: var(--soft); font-size: 13px; }
figure { margin: 1.5em 0; } figcaption { font-weight: 600; }
svg { max-width: 100%; height: auto; }
"""


def page(results: Results, command: str) -> str:
    """Write the page; `command` is the one that makes it."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        "<meta name='color-scheme' content='light dark'>",
        f"<title>Defences on the campus</title><style>{_STYLE}</style></head><body>",
        "<h1>Defences against mass-mailing worms, on the same days</h1>",
        f"<p>{len(results.runs)} runs, {results.seeds} seeds.  Made by "
        f"<code>{escape(command)}</code>.</p>",
        _figure(escaped(results), "escaped", "Worm mail that left, % of what left undefended"),
        _figure(
            price(results), "price", "What escapes of all worms, and the false verdicts it costs"
        ),
        *map(_table, tables(results)),
        "</body></html>",
    ]
    return "\n".join(parts)


def _table(table: ResultTable) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    body = "".join(row(cells, "td") for cells in table.rows)
    return (
        f"<h2>{escape(table.title)}</h2><table>{row(table.head, 'th')}{body}</table>"
        f"<p class='note'>{escape(table.note)}</p>"
    )


def escaped(results: Results) -> Figure:
    """Plot what escapes, a panel for each worm."""
    names = [one.name for one in results.defences][::-1]
    found = {
        worm: [results.mean(n, worm, results.escaped) for n in names] for worm in results.worms
    }
    most = max((one.high for each in found.values() for one in each if one), default=100.0)
    size = (2 + 1.6 * len(found), 0.3 * len(names) + 1.2)
    with style():
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(found), sharex=True, sharey=True, squeeze=False)[0]
        for axis, (worm, each) in zip(panels, found.items(), strict=True):
            values = [one.mean if one else 0.0 for one in each]
            spread = list(zip(*map(_spread, each), strict=True))
            bars = {"lw": 1.0, "ecolor": INK}
            axis.barh(names, values, xerr=spread, color="#4c8cc4", error_kw=bars)
            axis.set_xlim(0, max(115.0, most * 1.05))
            axis.set_ylim(-0.7, len(names) - 0.3)
            axis.set_title(worm, fontsize=9)
            axis.axvline(100, color="#999", lw=0.8)
    return figure


def price(results: Results) -> Figure:
    """Plot what escapes of all worms against the false verdicts that it costs."""
    points: list[tuple[str, float, Interval]] = []
    for one in results.defences:
        left = results.mean(one.name, None, results.escaped)
        wrong = results.false(one.judge) if one.policies else None
        if left is not None and wrong is not None:
            points.append((one.name, max(wrong.mean, _NONE), left))
    points.sort(key=lambda point: point[2].mean)
    with style():
        figure = Figure(figsize=(8, max(3.0, 0.3 * len(points) + 1)), layout="constrained")
        axis = figure.subplots()
        beside: dict[float, int] = {}
        for place, (name, false, left) in enumerate(points):
            at = false * _APART ** beside.setdefault(false, 0)
            beside[false] += 1
            spread = [[side] for side in _spread(left)]
            (dot, *_) = axis.errorbar(at, left.mean, yerr=spread, fmt="o", lw=0.8)
            axis.annotate(
                name,
                (at, left.mean),
                (1.03, (place + 0.5) / len(points)),
                textcoords="axes fraction",
                va="center",
                arrowprops={
                    "arrowstyle": "-",
                    "lw": 0.5,
                    "color": dot.get_color(),
                    "relpos": (0, 0.5),
                },
            )
        axis.set_xscale("log")
        least, most = axis.get_xlim()
        axis.set_xlim(least, max(most, 10 * least))  # a decade, or there are no marks on it
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())  # else they lie over each other
        axis.set_xlabel(f"false verdicts of 1,000 honest clients a month ({_NONE} stands for none)")
        axis.set_ylabel("worm mail that left, %")
    return figure


def _figure(figure: Figure, name: str, title: str) -> str:
    return (
        f"<figure><figcaption id='{name}-title'>{escape(title)}</figcaption>"
        f"{inline(figure, name)}</figure>"
    )


def _spread(found: Interval | None) -> tuple[float, float]:
    """Return how far an interval reaches below and above its mean."""
    return (found.mean - found.low, found.high - found.mean) if found else (0.0, 0.0)


def publish(page: Path, results: Results, command: str) -> None:
    """Replace what stands between the marks."""
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise DnswatchError(f"cannot read '{page}': {error.strerror}") from None
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    if not pattern.search(text):
        raise DnswatchError(
            f"'{page}' has no place for the tables: it needs a line '{BEGIN}' and a line '{END}'"
        )
    parts = [f"```sh\n{command}\n```", *(table.markdown() for table in tables(results))]
    block = "\n\n".join([BEGIN, *(part.strip() for part in parts), END])
    page.write_text(pattern.sub(lambda _: block, text), encoding="utf-8")
