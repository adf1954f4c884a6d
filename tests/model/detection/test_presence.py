"""Presence: who is there, since when, and how many."""

from dnswatch.model.detection import presence
from dnswatch.model.detection.presence import ABSENT, Presence

ALICE, BOB = b"alice", b"bob"


def test_a_client_counts_while_it_is_there() -> None:
    """Of late, the most count, so that a holiday makes no site smaller; then it is gone."""
    one = Presence()
    for client in (ALICE, BOB):
        assert one.meet(client, 0) is None
    assert list(one.end_day(1)) == []
    assert one.most() == 2
    one.meet(ALICE, ABSENT)
    assert list(one.end_day(ABSENT)) == [BOB]
    one.forget(BOB)
    assert (one.now, one.most()) == (1, 2)
    assert list(one.end_day(200)) == [ALICE]
    assert one.most() == 0


def test_a_client_that_is_known_by_another_key_was_there_as_long() -> None:
    """Two that turn out to be one count once."""
    one = Presence()
    one.meet(ALICE, 3)
    one.meet(BOB, 5)
    one.meet(BOB, 6)
    there = one.now
    one.move(ALICE, BOB)
    one.forget(ALICE)
    assert one.known_days(BOB, 10) == (3, 7)
    assert one.now == there - 1


def test_of_one_lookup_nobody_knows_how_long_a_client_stayed() -> None:
    """So it is taken to be there still."""
    one = Presence()
    one.meet(ALICE, 3)
    assert one.known_days(ALICE, 10) == (3, 10)


def test_where_there_are_too_many_the_quietest_goes() -> None:
    """The one that was met or heard from longest ago."""
    one = Presence()
    for number in range(presence.CLIENTS):
        assert one.meet(b"%d" % number, 0) is None
    one.meet(b"0", 1)
    assert one.meet(ALICE, 1) == b"1"


def test_presence_is_the_same_after_a_restart() -> None:
    """Who was stored before it was stored when clients were seen was seen at the last."""
    one, again = Presence(), Presence()
    one.meet(ALICE, 3)
    one.meet(BOB, 4)
    list(one.end_day(5))
    again.restore(*one.export(), one.days, 5)
    assert one.export() == ({ALICE: 3, BOB: 4}, {ALICE: 3, BOB: 4})
    assert (again.export(), again.now, again.most()) == (one.export(), 2, 2)
    again.restore({ALICE: 3}, {}, [], 9)
    assert again.export() == ({ALICE: 3}, {ALICE: 9})
