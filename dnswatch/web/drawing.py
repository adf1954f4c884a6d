"""Drawing: small pictures as SVG, made here, so that they are there without script.

Widths are in per cent and heights in pixels, so that a picture fits every screen and its text stays
legible; colours are classes, since the page's policy allows no style in it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

HEIGHT = 40
"""Pixels of a lane."""

FILLED = 0.86
"""Share of its interval that a bar fills, so that neighbours are told apart."""


class Bar(NamedTuple):
    """A bar or a stretch of a lane."""

    begin: float
    "Share of the width."
    width: float
    "Share of the width."
    height: float
    "Share of the height."
    kind: str
    "Class of its colour."
    title: str


class Dot(NamedTuple):
    """One thing that happened."""

    at: float
    "Share of the width."
    kind: str
    title: str


def bars(counts: Sequence[int], kind: str, titles: Sequence[str], top: int = 0) -> list[Bar]:
    """Make a bar of each count; `top` is the count that fills the lane, else the largest."""
    most = max(top, *counts, 1)
    step = 1 / max(1, len(counts))
    return [
        Bar(place * step, step * FILLED, count / most, kind, title)
        for place, (count, title) in enumerate(zip(counts, titles, strict=True))
        if count
    ]


def lane(found: Iterable[Bar | Dot], label: str, height: int = HEIGHT) -> Markup:
    """Draw one lane; `label` says to those who see no pictures what it shows."""
    shapes = Markup("").join(_shape(one, height) for one in found)
    return Markup(
        '<svg class="lane" role="img" aria-label="{}" width="100%" height="{}">{}</svg>'
    ).format(label, height, shapes)


def axis(marks: Iterable[tuple[float, str]]) -> Markup:
    """Draw the times below lanes."""
    texts = Markup("").join(
        Markup('<text x="{}%" y="14" text-anchor="{}">{}</text>').format(
            _percent(at), "start" if at < 0.05 else "end" if at > 0.95 else "middle", text
        )
        for at, text in marks
    )
    return Markup('<svg class="axis" width="100%" height="20" aria-hidden="true">{}</svg>').format(
        texts
    )


def sparkline(counts: Sequence[int], label: str) -> Markup:
    """Draw counts over time in a table's cell."""
    return lane(bars(counts, "mail", [""] * len(counts)), label, 20)


def _shape(one: Bar | Dot, height: int) -> Markup:
    title = Markup("<title>{}</title>").format(one.title) if one.title else Markup("")
    if isinstance(one, Dot):
        return Markup('<circle class="{}" cx="{}%" cy="{}" r="5">{}</circle>').format(
            one.kind, _percent(one.at), height // 2, title
        )
    tall = max(1.5, one.height * height)
    return Markup('<rect class="{}" x="{}%" width="{}%" y="{}" height="{}">{}</rect>').format(
        one.kind,
        _percent(one.begin),
        _percent(max(0.002, one.width)),
        f"{height - tall:.1f}",
        f"{tall:.1f}",
        title,
    )


def _percent(share: float) -> str:
    return f"{min(1.0, max(0.0, share)) * 100:.2f}"
