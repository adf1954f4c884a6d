"""Text: numbers stay short, and nothing that a stranger wrote moves a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.office.text import harmless, many, recent, short, size, span
from tests.records import NOON


@given(st.text())
def test_harmless_text_is_printable(text: str) -> None:
    """Whatever comes in, what goes out is printable, and plain text goes out unchanged."""
    assert harmless(text).isprintable()
    if text.isprintable():
        assert harmless(text) == text


@given(st.integers(0, 10**13))
def test_a_number_takes_five_columns(number: int) -> None:
    """No count is wider than its column."""
    assert len(short(number)) <= 5


def test_numbers_are_read_at_a_glance() -> None:
    """Large numbers, sizes and durations have the units a person expects."""
    assert [short(n) for n in (0, 4.5, 9999, 12345, 4_500_000)] == [
        "0",
        "4.5",
        "9999",
        "12.3k",
        "4500k",
    ]
    assert [size(n) for n in (812, 3_400_000)] == ["812 B", "3.4 MB"]
    assert [span(n) for n in (60, 7200, 5400)] == ["1 min", "2 h", "1 h 30 min"]


def test_one_is_not_many() -> None:
    """What is counted agrees with its number."""
    assert [many(count, "client") for count in (0, 1, 1200)] == [
        "0 clients",
        "1 client",
        "1,200 clients",
    ]
    assert [many(count, "address", "addresses") for count in (1, 2)] == ["1 address", "2 addresses"]


def test_a_recent_moment_takes_six_columns() -> None:
    """A moment of today is a time, an older one a day."""
    assert len(recent(NOON, NOON)) == 5
    assert recent(NOON - 3 * 86400, NOON) == "Nov 20"
