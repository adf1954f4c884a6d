"""Drawings: titled, with units, legible to all."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dnswatch.errors import DnswatchError
from dnswatch.lab.study.bins import DAY, Bins
from dnswatch.lab.study.drawing import draw, each_of, inline, save
from dnswatch.lab.study.figures import FIGURES
from dnswatch.lab.study.hosts import HostGroup
from tests.lab.study.sample import BEGIN, outbreak, trace


def test_a_picture_says_what_it_shows(tmp_path: Path) -> None:
    """Title, unit, zone, traces, curves and the outbreak stand in it, as text."""
    save(draw(FIGURES[0], [outbreak(), outbreak("mydoom")]), tmp_path / "figure.svg")
    text = (tmp_path / "figure.svg").read_text()
    for said in (
        "Figure 1. Average outgoing TCP flows of infected hosts",
        "time (UTC)",
        "flows per host and day",
        "(a) sobig",
        "(b) mydoom",
        "SMTP, failures",
        "outbreak, 7 Aug",
    ):
        assert said in text, said


def test_the_same_is_drawn_alike(tmp_path: Path) -> None:
    """Two runs write the same SVG, byte by byte; PNG is a PNG."""
    for name in ("first.svg", "second.svg", "third.png"):
        save(draw(FIGURES[6], [outbreak()]), tmp_path / name)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()
    assert (tmp_path / "third.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(DnswatchError, match="cannot write"):
        save(draw(FIGURES[6], [outbreak()]), tmp_path / "absent" / "x.png")


def test_curves_differ_in_more_than_colour() -> None:
    """Each line has a colour and marks of its own, and the first one alone is not dashed."""
    axes = draw(FIGURES[0], [outbreak()]).axes[0]
    lines = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    assert len(lines) == 4
    assert len({str(line.get_color()) for line in lines}) == 4
    assert len({str(line.get_marker()) for line in lines}) == 4
    assert len({str(line.get_linestyle()) for line in lines}) == 2


def test_no_curve_hides_another() -> None:
    """What lies on top is the narrower, and what is always 0 lies above the axis."""
    axes = draw(FIGURES[0], [outbreak()]).axes[0]
    lines = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    for below, above in pairwise(lines):
        assert above.get_linewidth() < below.get_linewidth()
        assert above.get_markersize() < below.get_markersize()
    assert axes.get_ylim()[0] < 0


@pytest.mark.parametrize("onset", [0, 3])
def test_the_outbreak_is_marked_within_the_frame(onset: int) -> None:
    """On the last day its label stands to the left."""
    picture = draw(FIGURES[0], [trace({(HostGroup.INFECTED, "tcp"): [9] * 4}, onset=onset)])
    picture.draw_without_rendering()
    [axes] = picture.axes
    [label] = [text for text in axes.texts if "outbreak" in text.get_text()]
    within, frame = label.get_window_extent(), axes.get_window_extent()
    assert frame.x0 <= within.x0 < within.x1 <= frame.x1


def test_a_picture_in_a_page_takes_its_colours() -> None:
    """Ink is the page's, and no two pictures share an id."""
    first = inline(draw(FIGURES[0], [outbreak()]), "figure-01")
    second = inline(draw(FIGURES[1], [outbreak()]), "figure-02")
    assert "currentColor" in first
    assert "#1a1a1b" not in first
    ids = re.findall(r'\bid="([^"]+)"', first)
    assert ids
    assert set(ids).isdisjoint(re.findall(r'\bid="([^"]+)"', second))
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', first)
    assert set(used) <= set(ids)
    ElementTree.fromstring(first)


def test_what_cannot_be_told_is_said() -> None:
    """A trace without lookups says so where translations would be."""
    axes = draw(FIGURES[6], [trace({}, has_lookups=False)]).axes[0]
    assert "this trace cannot tell" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (DAY, "day"),
        (7 * DAY, "7 days"),
        (3600, "hour"),
        (7200, "2 h"),
        (900, "15 min"),
        (60, "minute"),
        (1, "second"),
        (30, "30 s"),
    ],
)
def test_a_bin_has_a_name(width: int, said: str) -> None:
    """Units speak of days, hours or minutes."""
    bins = Bins.over(BEGIN, BEGIN + width, width, outbreak().daily.bins.zone)
    assert each_of(bins) == said
