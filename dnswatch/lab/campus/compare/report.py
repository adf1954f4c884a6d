"""The report: one HTML page with all tables and plots, which needs nothing else to be read."""

from html import escape
from io import StringIO

import matplotlib

matplotlib.use("svg")  # no screen is needed

from matplotlib import pyplot
from matplotlib.figure import Figure

from dnswatch.lab.campus.compare.interval import Interval
from dnswatch.lab.campus.compare.results import Results
from dnswatch.lab.campus.compare.table import Table, tables

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #ccc; padding: .25em .6em; text-align: right; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
p.note { color: #555; font-size: 13px; } svg { max-width: 100%; height: auto; }
"""


def page(results: Results, command: str) -> str:
    """Write the page; `command` is the one that makes it."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        f"<title>Defences on the campus</title><style>{_STYLE}</style></head><body>",
        "<h1>Defences against mass-mailing worms, on the same days</h1>",
        f"<p>{len(results.runs)} runs, {results.seeds} seeds.  Made by "
        f"<code>{escape(command)}</code>.</p>",
        _escape_plot(results), _price_plot(results),
        *map(_table, tables(results)),
        "</body></html>",
    ]  # fmt: skip
    return "\n".join(parts)


def _table(table: Table) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    body = "".join(row(cells, "td") for cells in table.rows)
    return (
        f"<h2>{escape(table.title)}</h2><table>{row(table.head, 'th')}{body}</table>"
        f"<p class='note'>{escape(table.note)}</p>"
    )


def _escape_plot(results: Results) -> str:
    """Plot what escapes, a panel for each worm."""
    names = [one.name for one in results.defences][::-1]
    figure, axes = pyplot.subplots(
        1, len(results.worms), figsize=(2 + 1.6 * len(results.worms), 0.3 * len(names) + 1.2),
        sharey=True, squeeze=False,
    )  # fmt: skip
    for axis, worm in zip(axes[0], results.worms, strict=True):
        found = [results.mean(name, worm, results.escaped) for name in names]
        values = [one.mean if one else 0.0 for one in found]
        spread = list(zip(*map(_spread, found), strict=True))
        axis.barh(names, values, xerr=spread, color="#4878a8", error_kw={"lw": 0.8})
        axis.set_xlim(0, 130)
        axis.set_title(worm, fontsize=9)
        axis.axvline(100, color="#999", lw=0.8)
    figure.supxlabel("worm mail that left, % of what left with nothing against it", fontsize=9)
    return _svg(figure)


def _price_plot(results: Results) -> str:
    """Plot what escapes of all worms against the false verdicts that it costs."""
    figure, axis = pyplot.subplots(figsize=(8, 4.5))
    for one in results.defences:
        escaped = results.mean(one.name, None, results.escaped)
        false = results.false(one.judge) if one.policies else None
        if escaped is None or false is None:
            continue
        spread = [[side] for side in _spread(escaped)]
        axis.errorbar(max(false.mean, 0.1), escaped.mean, yerr=spread, fmt="o", lw=0.8)
        axis.annotate(one.name, (max(false.mean, 0.1), escaped.mean), fontsize=8, xytext=(4, 4),
                      textcoords="offset points")  # fmt: skip
    axis.set_xscale("log")
    axis.set_xlabel("false verdicts of 1,000 honest clients a month (0.1 stands for none)")
    axis.set_ylabel("worm mail that left, %")
    return _svg(figure)


def _spread(found: Interval | None) -> tuple[float, float]:
    """Return how far an interval reaches below and above its mean."""
    return (found.mean - found.low, found.high - found.mean) if found else (0.0, 0.0)


def _svg(figure: Figure) -> str:
    figure.tight_layout()
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return text.getvalue().split("?>", 1)[-1].split('.dtd">', 1)[-1]
