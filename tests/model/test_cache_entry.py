"""An entry of the site cache is stored as its values in order, and the counts may be left out."""

import msgspec

from dnswatch.model.cache_entry import CacheEntry


def test_it_is_stored_as_a_list() -> None:
    """Expiry, first seen, refreshes and hits: stores of earlier versions are read by that order."""
    stored = msgspec.msgpack.encode(CacheEntry(2.5, 1.5, 3, 4))
    assert msgspec.msgpack.decode(stored) == [2.5, 1.5, 3, 4]
    assert msgspec.msgpack.decode(stored, type=CacheEntry) == CacheEntry(2.5, 1.5, 3, 4)
    short = msgspec.msgpack.encode([2.5, 1.5])
    assert msgspec.msgpack.decode(short, type=CacheEntry) == CacheEntry(2.5, 1.5, 0, 0)
