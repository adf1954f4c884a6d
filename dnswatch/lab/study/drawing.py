"""Drawings: each figure of the paper as a picture, a panel for each trace.

Lines differ by colour (Okabe and Ito's, which the colour-blind can tell apart), by dashes and by
marks, so that a black and white print can still be read; the first is the widest, so that none
hides another one of the same values.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matplotlib.figure import Figure as Picture

from dnswatch.errors import DnswatchError
from dnswatch.lab import pictures
from dnswatch.lab.pictures import INK, style
from dnswatch.lab.study.bins import DAY, Bins
from dnswatch.lab.study.figures import Figure
from dnswatch.lab.study.measured import MeasuredTrace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOOKS: Final = (
    ("#0072B2", "-", "o"),
    ("#D55E00", (0, (5, 2)), "s"),
    ("#009E73", (0, (1, 1)), "^"),
    ("#CC79A7", (0, (5, 1, 1, 1)), "D"),
)
_WIDTHS: Final = (2.8, 2.1, 1.5, 0.9)
"""Points, for the curves of a figure in their order; marks are twice as wide."""
_FEW: Final = 60
"""Bins up to which each value has a mark."""

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


def draw(figure: Figure, traces: Sequence[MeasuredTrace]) -> Picture:
    """Draw a figure, with the panels of all traces side by side."""
    with style():
        picture = Picture(figsize=(4.6 * max(2, len(traces)), 3.9), layout="constrained")
        panels = picture.subplots(1, len(traces), squeeze=False)[0]
        for number, (axes, trace) in enumerate(zip(panels, traces, strict=True)):
            letter = f"({_LETTERS[number % len(_LETTERS)]}) " if len(traces) > 1 else ""
            _panel(axes, figure, trace)
            axes.set_title(f"{letter}{trace.name}".replace("$", r"\$"), loc="left")
        panels[0].set_ylabel(figure.unit(each_of(traces[0].shown.bins)))
        picture.suptitle(f"Figure {figure.number}. {figure.title}", fontsize=11, weight="bold")
        handles, labels = panels[0].get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return picture


def _panel(axes: "Axes", figure: Figure, trace: MeasuredTrace) -> None:
    bins = trace.shown.bins
    days = [
        (edge + bins.edges[number + 1]) / 2 / DAY for number, edge in enumerate(bins.edges[:-1])
    ]
    _shade(axes, trace, bins)
    for curve, width in zip(figure.curves, _WIDTHS, strict=False):
        colour, dashes, mark = _LOOKS[curve.look]
        values = figure.values(trace, trace.shown, curve)
        points = [float("nan") if value is None else value for value in values]
        axes.plot(
            days,
            points,
            color=colour,
            linestyle=dashes,
            linewidth=width,
            label=curve.label,
            marker=mark if len(bins) <= _FEW else "",
            markersize=2 * width,
        )
    if not figure.is_told_by(trace):
        axes.text(0.5, 0.5, "this trace cannot tell", ha="center", transform=axes.transAxes)
    _scale(axes, bins)


def _shade(axes: "Axes", trace: MeasuredTrace, bins: Bins) -> None:
    """Shade weekends, and mark the outbreak's first day."""
    begin, end = bins.edges[0] / DAY, bins.edges[-1] / DAY
    daily = trace.daily.bins
    for day in range(len(daily)):
        if daily.is_weekend(day):
            left, right = daily.edges[day] / DAY, daily.edges[day + 1] / DAY
            axes.axvspan(max(begin, left), min(end, right), color="#808080", alpha=0.12, lw=0)
    if trace.onset is not None and 0 <= trace.onset.day < len(daily):
        at = daily.edges[trace.onset.day] / DAY
        is_late = at > (begin + end) / 2
        axes.axvline(at, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.annotate(
            f"outbreak, {daily.local(trace.onset.day):%-d %b}",
            (at, 1),
            (-3 if is_late else 3, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="top",
            ha="right" if is_late else "left",
            fontsize=8,
        )


def _scale(axes: "Axes", bins: Bins) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_xlim(bins.edges[0] / DAY, bins.edges[-1] / DAY)
    top = max(axes.get_ylim()[1] * 1.08, 1e-9)
    axes.set_ylim(-0.02 * top, top)  # else what is always 0 would lie under the axis
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    locator = AutoDateLocator(minticks=4, maxticks=8, tz=bins.zone)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, tz=bins.zone)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlabel(f"time ({bins.zone.key})")


def each_of(bins: Bins) -> str:
    """Say what a bin lasts: `day`, `hour`, `15 min`, `7 days`."""
    named = {DAY: "day", 3600: "hour", 60: "minute", 1: "second"}
    if bins.width in named:
        return named[bins.width]
    for seconds, unit in ((DAY, "days"), (3600, "h"), (60, "min")):
        if bins.width % seconds == 0:
            return f"{bins.width // seconds} {unit}"
    return f"{bins.width} s"


def save(picture: Picture, path: Path) -> None:
    """Write a picture; the ending of `path` says as what."""
    metadata = {"Date": None} if path.suffix == ".svg" else None
    try:
        with style():
            picture.savefig(path, dpi=150, metadata=metadata, facecolor="white")
    except OSError as error:
        raise DnswatchError(f"cannot write '{path}': {error.strerror or error}") from None


def inline(picture: Picture, name: str) -> str:
    """Write a picture as SVG to stand in a page, below a title of the page's."""
    picture.suptitle("")
    return pictures.inline(picture, name)
