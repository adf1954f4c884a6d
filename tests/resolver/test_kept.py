"""What is kept in bytes is what was read."""

from hypothesis import given

from dnswatch.resolver import kept
from dnswatch.wire import response
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response
from tests.strategies import exchanged


def fields(one: Response) -> dict[str, object]:
    """Return all that a response holds."""
    names = (name for name in dir(one) if not name.startswith("_"))  # compiled, it has no slots
    return {name: getattr(one, name) for name in names if not callable(getattr(one, name))}


@given(exchanged())
def test_a_response_is_kept_whole(pair: tuple[Query, bytes]) -> None:
    """What comes out of the cache is what was read of the upstream's message, field by field."""
    asked, wire = pair
    heard = response.read(wire, asked, 600)
    heard.key, heard.stored_at, heard.expiry = asked.key, 1764349703.25, 1764349763.5
    heard.retry_at = 1764349708.0
    assert fields(kept.unpack(asked.key, kept.pack(heard))) == fields(heard)


def test_its_times_and_its_use_are_read_alone() -> None:
    """The cache looks at these without making a response of it."""
    heard = Response(0, 0)
    heard.stored_at, heard.expiry = 100.5, 200.25
    entry = kept.pack(heard)
    assert (kept.stored_at(entry), kept.expiry(entry), kept.is_used(entry)) == (
        100.5,
        200.25,
        False,
    )
    used = kept.marked(entry, used=True)
    assert kept.is_used(used)
    assert kept.marked(used, used=False) == entry
