"""A report as a picture: lookups over time, and the mail-related ones among them by kind."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from dnswatch.cli import render
from dnswatch.errors import DnswatchError, LibraryError
from dnswatch.store.reports import Portrait
from dnswatch.store.summary import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FORMATS: Final = (".svg", ".png")
# Colours that the colour-blind can tell apart (Okabe and Ito), and hatches for those who see none.
_KINDS: Final = {
    "mx": ("MX", "#0072B2", ""),
    "exchange": ("exchange address", "#E69F00", "////"),
    "implicit-mx": ("implicit MX", "#009E73", "...."),
    "guess": ("guessed name", "#CC79A7", "xxxx"),
}


def draw(path: Path, title: str, found: Portrait) -> None:
    """Draw a portrait into a file; its ending says as what."""
    if path.suffix.lower() not in _FORMATS:
        raise typer.BadParameter(f"'{path}' must end in .svg or .png", param_hint="--plot")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise LibraryError("matplotlib", "plot") from None
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    figure.suptitle(f"{render.harmless(title)}: DNS lookups".replace("$", r"\$"))
    _bars(
        upper,
        found.grid,
        {"lookups": ("lookups", "#56B4E9", "")},
        {"lookups": found.activity.lookups},
    )
    _bars(lower, found.grid, _KINDS, found.kinds)
    _label(upper, lower, found.grid)
    figure.legend(*lower.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise DnswatchError(f"cannot write '{path}': {error.strerror or error}") from None


def _bars(
    axes: "Axes",
    grid: Grid,
    looks: dict[str, tuple[str, str, str]],
    counts: dict[str, list[int]],
) -> None:
    """Stack the counts of each interval; the axis counts days since 1970, as matplotlib does."""
    days = [(grid.begin + grid.width * number) / 86400 for number in range(grid.count)]
    floor = [0] * grid.count
    for kind, (label, colour, hatch) in looks.items():
        values = counts.get(kind, [0] * grid.count)
        bars = axes.bar(days, values, grid.width / 86400, floor, align="edge", label=label)
        for bar in bars:
            bar.set(facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0.5)
        floor = [below + value for below, value in zip(floor, values, strict=True)]


def _label(upper: "Axes", lower: "Axes", grid: Grid) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    each = {60: "minute", 3600: "hour"}.get(grid.width) or render.span(grid.width)
    zone = render.local(grid.begin).tzinfo
    upper.set_ylabel(f"lookups per {each}")
    lower.set_ylabel(f"mail-related\nper {each}")
    lower.set_xlabel(f"local time ({zone})")
    for axes in (upper, lower):
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
        axes.grid(axis="y", alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    locator = AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]
    lower.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, tz=zone)  # type: ignore[no-untyped-call]
    lower.xaxis.set_major_formatter(formatter)
