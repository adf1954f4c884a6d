"""Rows of the index."""

from dnswatch.bay.queue.index import DONE, UNDELIVERED, IndexRow


def test_a_warning_counts_until_something_happens() -> None:
    """What was held again after a warning must be warned of again."""
    row = IndexRow("0", 1.0, "k", "", (), None, "held", 1, True, changed_at=5.0, warned_at=6.0)
    assert row.is_warned
    assert not IndexRow("0", 1.0, "k", "", (), None, "held", 1, True, 5.0, 4.0).is_warned
    assert not IndexRow("0", 1.0, "k", "", (), None, "held", 1, True, 5.0, None).is_warned


def test_what_is_on_its_way_is_neither() -> None:
    """No rule of retention is about mail that is being delivered."""
    assert "releasing" not in DONE | UNDELIVERED
