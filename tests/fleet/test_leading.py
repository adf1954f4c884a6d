"""What a leader lets the relays let go of."""

from dnswatch.fleet.leading import Applied
from dnswatch.model.changes import Cursor


def test_what_one_node_has_not_applied_is_kept() -> None:
    """Whoever leads next goes on from its own store, whose cursors may be older; where no other
    node is there, our own store decides."""
    early, late = ((Cursor(1, taken, node="a"),) for taken in (100, 200))
    applied = Applied()
    assert applied.by([]) == ()
    applied.ship((7, 1), early)
    applied.ship((7, 3), late)
    applied.ship((7, 4), late)
    assert applied.by([(7, 0), (7, 9)]) == ()
    assert applied.by([(7, 2), (7, 4)]) == early
    assert applied.by([(6, 99)]) == early
    assert applied.by([]) == late
