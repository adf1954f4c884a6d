"""The report is one page that needs nothing else."""

from pathlib import Path

import pytest
from matplotlib.text import Annotation, Text

from dnswatch.errors import DnswatchError
from dnswatch.lab.campus.compare.judges import DEFENCES, defence
from dnswatch.lab.campus.compare.report import BEGIN, END, escaped, page, price, publish
from dnswatch.lab.campus.compare.results import Results
from tests.lab.campus.compare.lines import LINES, run


def test_the_page_holds_plots_tables_and_the_command() -> None:
    """And loads nothing from elsewhere."""
    text = page(Results(LINES, [defence("nothing"), defence("quarantine")]), "dnswatch <campus>")
    assert text.count("<svg") == 2
    assert text.count("<table") == 6
    assert "dnswatch &lt;campus&gt;" in text
    assert "src=" not in text


RESULTS = Results(LINES, [defence("nothing"), defence("quarantine")])


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    """And the command that makes it stands above."""
    file = tmp_path / "page.md"
    file.write_text(f"before\n{BEGIN}\nearlier tables\n{END}\nafter\n")
    for _ in range(2):
        publish(file, RESULTS, "dnswatch campus compare")
    text = file.read_text()
    assert text.startswith(f"before\n{BEGIN}")
    assert text.endswith(f"{END}\nafter\n")
    assert "earlier tables" not in text
    assert text.count("dnswatch campus compare") == 1


def test_a_page_without_marks_is_left_as_it_is(tmp_path: Path) -> None:
    """The error says what it lacks."""
    file = tmp_path / "page.md"
    file.write_text("nothing\n")
    with pytest.raises(DnswatchError, match="has no place for the tables"):
        publish(file, RESULTS, "x")
    with pytest.raises(DnswatchError, match="cannot read"):
        publish(tmp_path / "absent.md", RESULTS, "x")


def test_the_page_is_legible_on_a_dark_screen() -> None:
    """Paper and ink follow the reader's wish, those of the plots too."""
    text = page(RESULTS, "dnswatch campus compare")
    assert "prefers-color-scheme: dark" in text
    assert text.count("currentColor") > 10
    assert "#1a1a1b" not in text.partition("</style>")[2]


def test_false_verdicts_that_are_nearly_the_same_have_an_axis_to_be_read() -> None:
    """Its marks are plain numbers, three of them at least, and none lies over another."""
    figure = price(RESULTS)
    figure.draw_without_rendering()
    [axis] = figure.axes
    least, most = axis.get_xlim()
    marks = [label for label in axis.get_xticklabels() if least <= label.get_position()[0] <= most]
    assert len(marks) >= 3
    assert all(float(mark.get_text().replace(",", "")) > 0 for mark in marks)
    assert not any(label.get_text() for label in axis.get_xticklabels(minor=True))


def test_no_bar_leaves_its_frame() -> None:
    """Above 100 % as well, with its interval: an outbreak may happen to go worse."""
    worse = [*LINES, run(1, "nic", 170), run(2, "nic", 190)]
    figure = escaped(Results(worse, [defence("nothing"), defence("nic")]))
    for axes in figure.axes:
        most = axes.get_xlim()[1]
        assert most > max(lines.get_datalim(axes.transData).x1 for lines in axes.collections) > 100


def test_all_defences_can_be_told_apart() -> None:
    """Of many that cost and catch the same, each has a point, and a label that touches no other."""
    runs = [run(seed, one.name, 50) for one in DEFENCES for seed in (1, 2)]
    found = Results([*LINES[4:], *runs, run(1, "nothing", 80), run(2, "nothing", 80)], DEFENCES)
    figure = price(found)
    figure.draw_without_rendering()
    [axes] = figure.axes
    notes = [text for text in axes.texts if isinstance(text, Annotation)]
    labels = [Text.get_window_extent(note) for note in notes]  # without its line
    assert len(labels) > 2
    for number, label in enumerate(labels):
        assert not any(label.overlaps(other) for other in labels[:number])
        assert label.x0 > axes.get_window_extent().x1
        assert label.x1 < figure.bbox.x1
    assert len({note.xy for note in notes}) == len(labels)
