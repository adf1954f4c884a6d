"""What nodes write into the engine, and how it is read again."""

from dnswatch.fleet.engine import Entry
from dnswatch.fleet.forms import Continuity, Piece, StreamName, after, entry_of, piece_of
from dnswatch.watchdog.journal import Record


def pieces(*sizes: int) -> list[Piece]:
    """Messages of a journal, as they come by the engine."""
    place, told = 0, []
    for number, size in enumerate(sizes):
        record = Record(place, "worker 0", b"x" * size, number)
        told.append(piece_of(Entry(*entry_of(record, is_first=not number))))
        place = record.end
    return told


def test_a_message_comes_out_as_it_went_in() -> None:
    """With its place, its number and its sender, all from the entry's ID and its one field."""
    record = Record(1234, "zeek", b"\x93batch", 17)
    entry_id, fields = entry_of(record, is_first=False)
    assert entry_id == f"{record.end}-17"
    piece = piece_of(Entry(entry_id, dict(fields)))
    assert piece == Piece(1234, record.end, 17, "zeek", b"\x93batch", is_first=False)
    assert entry_id > after(1234)[:4]
    assert StreamName.read(StreamName("north", 0xBEEF).text) == ("north", 0xBEEF)


def test_what_is_missing_is_seen_and_what_is_lost_is_counted() -> None:
    """A message is taken only behind the one before it, unless its node has nothing older left."""
    first, second, third, fourth = pieces(10, 20, 30, 40)
    continuity = Continuity(0, 0)
    assert continuity.follows(first)
    assert continuity.take(first) == 0
    assert not continuity.follows(third)
    assert continuity.follows(second)
    assert continuity.take(second) == 0
    left = fourth._replace(is_first=True)  # the ring wrote over the third
    assert continuity.follows(left)
    assert continuity.take(left) == 1
    assert continuity.place == fourth.end


def test_what_was_stored_and_is_read_again_is_not_lost() -> None:
    """A new leader begins before what is stored, where lookups still waited."""
    _, second, third, fourth = pieces(10, 20, 30, 40)
    continuity = Continuity(second.place, third.number + 1)
    assert [continuity.take(each) for each in (second, third, fourth)] == [0, 0, 0]
