"""The figures: all eleven, of the right hosts."""

from dnswatch.lab.study.paper.figures import FIGURES
from tests.lab.study.sample import outbreak, trace


def test_all_figures_are_there() -> None:
    """Figures 1 to 11, each with a title, a unit and at least two curves of different names."""
    assert [figure.number for figure in FIGURES] == list(range(1, 12))
    for figure in FIGURES:
        labels = [curve.label for curve in figure.curves]
        assert len(set(labels)) == len(labels) > 1
        assert len({curve.look for curve in figure.curves}) == len(labels)
        assert figure.is_average == figure.title.startswith("Average")
        assert ("per host and hour" in figure.unit("hour")) == figure.is_average


def test_curves_are_read_off() -> None:
    """Averages are over hosts, sums over the group, and the site's over all groups."""
    sobig = outbreak()
    first, third, tenth = (FIGURES[number - 1] for number in (1, 3, 10))
    assert first.values(sobig, sobig.daily, first.curves[0]) == [400, 400, 4000, 3500]
    assert third.values(sobig, sobig.daily, third.curves[1]) == [4000, 4100, 9400, 9000]
    assert tenth.values(sobig, sobig.daily, tenth.curves[0])[0] == 60 + 30 + 90 + 45 + 100 + 400


def test_nothing_is_drawn_of_nobody() -> None:
    """A day on which no host of the group was active has no average."""
    second = FIGURES[1]
    sobig = outbreak()
    assert second.values(sobig, sobig.daily, second.curves[0])[-1] is None


def test_a_figure_says_what_it_needs() -> None:
    """Translations need lookups and flows, flows need no lookups."""
    flows_alone, lookups_alone = trace({}, has_lookups=False), trace({}, has_flows=False)
    assert [figure.number for figure in FIGURES if not figure.is_told_by(flows_alone)] == [
        7, 8, 9, 10,
    ]  # fmt: skip
    assert not any(figure.is_told_by(lookups_alone) for figure in FIGURES)
