"""The days of a trace, in the paper's words."""

from dnswatch.lab.study.figures import FIGURES, INFECTED, NORMAL, Days, divided
from tests.lab.study.sample import outbreak, trace


def test_the_outbreak_divides_the_days() -> None:
    """Before and during meet at the onset; the peak is the day of most successful mails."""
    days = Days(outbreak())
    assert list(days.before) == [0, 1]
    assert list(days.during) == [2, 3]
    assert days.peak == (2,)


def test_without_an_outbreak_all_is_before() -> None:
    """A trace without an outbreak has no peak."""
    days = Days(trace({(INFECTED, "smtp_success"): [5, 5]}, onset=None))
    assert list(days.before) == [0, 1]
    assert not list(days.during)
    assert not days.peak
    assert days.ratio("smtp", "tcp", INFECTED, days.peak) is None


def test_an_outbreak_on_the_first_day_leaves_nothing_before() -> None:
    """What would be told of the days before cannot be told."""
    days = Days(trace({(INFECTED, "tcp"): [5, 5]}, onset=0))
    assert not list(days.before)
    assert days.per_day("tcp", INFECTED, days.before) is None


def test_averages_are_over_host_days() -> None:
    """An average over days weighs each day by its active hosts."""
    days = Days(outbreak())
    assert days.per_host("tcp_success", NORMAL, days.all) == 3200 / 8
    assert days.total("smtp_new+smtp_refresh", None, [2]) == 190 + 720 + 110 + 900


def test_weekends_are_apart() -> None:
    """2003-08-09 is a Saturday."""
    days = Days(trace({(NORMAL, "tcp"): [1] * 7}))
    assert days.weekends(days.all) == [4, 5]
    assert days.weekdays(days.all) == [0, 1, 2, 3, 6]


def test_nothing_is_divided_by_nothing() -> None:
    """Where a part is not known, or there is nothing to divide by, nothing is told."""
    assert divided(1, 0) is None
    assert divided(None, 1) is None
    assert divided(1, None) is None
    assert divided(0, 2) == 0


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
        7,
        8,
        9,
        10,
    ]
    assert not any(figure.is_told_by(lookups_alone) for figure in FIGURES)
