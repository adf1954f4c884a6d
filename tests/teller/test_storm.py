"""Storms: what is told one by one, what at once, and that nothing is passed over in silence."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.store.events import Noted
from dnswatch.store.orders import LogEntry
from dnswatch.teller.event import Event
from dnswatch.teller.storm import SinkCursor, SinkFolding
from tests.teller.logged import AT, WORM

NEVER = AT + 10**6


def change(number: int, at: float = AT, about: str = "verdict") -> Noted:
    return Noted(number, LogEntry(at, about, WORM, "infected", "", "dnswatch"), None)


def told(
    folding: SinkFolding, changes: list[Noted], now: float = NEVER, last: int = 0
) -> tuple[list[Event], list[SinkCursor]]:
    due = list(folding.take(changes, last or changes[-1].number, now))
    return [one.event for one in due if one.event], [one.cursor for one in due]


def folding(most: int = 2, about: tuple[str, ...] = (), number: int = 0) -> SinkFolding:
    return SinkFolding(SinkCursor("store", number), about, most)


def test_quiet_changes_are_told_one_by_one_in_order() -> None:
    """Each with the cursor up to which the sink was told then."""
    events, cursors = told(folding(), [change(1), change(2), change(3, AT + 60)])
    assert [one.kind for one in events] == ["verdict"] * 3
    assert [cursor.number for cursor in cursors] == [1, 2, 3]


def test_the_rest_of_a_minute_is_told_at_once_when_it_is_over() -> None:
    """With counts; until then the cursor stays before it, so that a kill loses none."""
    one = folding()
    events, cursors = told(one, [change(n) for n in range(1, 8)], now=AT + 1)
    assert len(events) == 2
    assert cursors[-1].number == 2
    events, cursors = told(one, [], now=AT + 60, last=7)
    assert [one.counts for one in events] == [{"verdict infected": 5}]
    assert cursors[-1].number == 7


def test_a_storm_that_is_read_in_parts_has_one_summary() -> None:
    """Whatever the time: none is told while more is to be read."""
    one = folding()
    first = list(one.take([change(n) for n in range(1, 8)], None, NEVER))
    assert [due.cursor.number for due in first] == [1, 2]
    events, _ = told(one, [change(8)])
    assert [one.counts for one in events] == [{"verdict infected": 6}]


def test_a_storm_ends_with_its_minute() -> None:
    """The next minute's changes come after the summary, one by one again."""
    changes = [*(change(n) for n in range(1, 5)), change(5, AT + 60)]
    assert [one.kind for one in told(folding(), changes)[0]] == [
        "verdict",
        "verdict",
        "summary",
        "verdict",
    ]


def test_a_teller_that_was_killed_goes_on_folding() -> None:
    """The cursor says how many of the minute were told."""
    _, cursors = told(folding(), [change(1), change(2), change(3)], now=AT + 1)
    again = SinkFolding(cursors[-1], (), 2)
    events, _ = told(again, [change(3)])
    assert [one.kind for one in events] == ["summary"]


def test_other_kinds_are_passed_over() -> None:
    """They cost the sink nothing, and the cursor goes on."""
    events, cursors = told(
        folding(about=("mark",)), [change(1), change(2, about="mark"), change(3)]
    )
    assert [one.kind for one in events] == ["mark"]
    assert cursors[-1].number == 3


def test_what_retention_took_is_counted_and_told() -> None:
    """Wherever it is missing: before the first change, or where none is left."""
    events, _ = told(folding(), [change(11)])
    assert [(one.kind, one.counts) for one in events] == [("lost", {"lost": 10}), ("verdict", {})]
    events, cursors = told(folding(number=5), [], last=9)
    assert [one.counts for one in events] == [{"lost": 4}]
    assert cursors[-1].number == 9


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-90, 90)), max_size=60), st.integers(1, 5))
def test_each_change_is_told_counted_or_missed(steps: list[tuple[int, int]], most: int) -> None:
    """Whatever is missing and however the times jump: events told one by one, those in summaries
    and those lost make up all numbers."""
    number, changes = 0, []
    for gap, at in steps:
        number += 1 + gap
        changes.append(change(number, AT + at))
    events, cursors = told(folding(most), changes, last=number + 2)
    single = sum(one.kind == "verdict" for one in events)
    assert single + sum(one.counts.get("verdict infected", 0) for one in events) == len(changes)
    assert sum(one.counts.get("lost", 0) for one in events) == number + 2 - len(changes)
    assert [cursor.number for cursor in cursors] == sorted(cursor.number for cursor in cursors)
    assert cursors[-1].number == number + 2
