"""The site: lookups in, changes and marks out, by whatever clock it is given."""

from dnswatch.model.policies.mark import Marks
from dnswatch.model.policies.note import About, Note
from dnswatch.model.policies.orders import Orders
from dnswatch.settings import Source, combine
from dnswatch.watchdog.pipeline import SitePipeline
from tests.model.policies.texts import policy
from tests.records import NOON, asked, plain

WORM = "10.0.0.66"
SOURCE = Source(
    'detection.learning = "0s"\n', "test", None, None, None, policies=(("slow", policy()),)
)


def driven(begin: float = NOON, *, is_dry: bool = False) -> tuple[list[Note], list[Marks]]:
    """Let a worm run through a site, a tick every second."""
    site = SitePipeline(SOURCE, plain, begin, is_dry=is_dry)
    site.configure(SOURCE, combine(SOURCE))
    site.order(Orders(frozenset(("slow",))), begin)
    notes, told = [], []
    for n in range(60):
        site.watch.fold(asked(begin - NOON + n, WORM, f"victim{n}.example", 15))
        changes, marks = site.drain(begin + n + 1, is_last=n == 59)
        notes += changes.notes
        told += [marks] if marks else []
    assert changes.detector
    return notes, told


def test_a_worm_is_judged_and_marked() -> None:
    """The note says so, and the enforcement points are told."""
    notes, told = driven()
    assert "infected" in [note.text for note in notes if note.about is About.VERDICT]
    assert [mark.dry_run for marks in told for mark in marks.marks][-1:] == [False]


def test_where_all_is_dry_policies_only_tell() -> None:
    """The mark is one of a dry run, and the note says so."""
    notes, told = driven(is_dry=True)
    assert all(mark.dry_run for marks in told for mark in marks.marks)
    assert "delay by policy 'slow', dry run" in [note.text for note in notes]


def test_the_clock_makes_no_difference() -> None:
    """The same lookups twenty years ago are judged the same way."""
    now, _ = driven()
    past, _ = driven(NOON - 20 * 365 * 86400)
    assert [note.text for note in past] == [note.text for note in now]
