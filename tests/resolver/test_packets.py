"""The short cut gives what the long way would give, to the bit."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.resolver import packets
from dnswatch.resolver.packets import PacketCache
from dnswatch.wire import build, response
from dnswatch.wire.query import Query
from tests.strategies import exchanged

STORED_AT = 1000.0


@given(
    exchanged(),
    st.lists(st.integers(0, 700), min_size=1).map(sorted),
    st.sampled_from([30, 86400]),
    st.sampled_from([512, 1232]),
)
def test_the_short_cut_agrees_with_the_long_way(
    pair: tuple[Query, bytes], ages: list[int], max_ttl: int, limit: int
) -> None:
    """At each age an answer that is ready is the one that would be made anew, or there is none."""
    asked, wire = pair
    heard = response.read(wire, asked, 600)
    heard.stored_at, heard.expiry = STORED_AT, STORED_AT + min(heard.ttl, max_ttl)

    def anew(age: int) -> bytes:
        return build.body(heard, asked, age, limit=limit, max_ttl=max_ttl, size=1232)

    table = PacketCache()
    first, *later = ages
    table.add(b"exact", asked, heard, anew(first), 7, max_ttl=max_ttl, at=STORED_AT + first)
    assert table.now[b"exact"] == (anew(first), 7)
    for age in later:
        table.new_second()
        again = table.again(b"exact", STORED_AT + age)
        if again is not None:
            assert again == (anew(age), 7) == table.now[b"exact"]
            assert STORED_AT + age < heard.expiry
        else:
            assert b"exact" not in table.now


def test_what_has_ended_is_not_ready() -> None:
    """An answer is ready to the end of its life and no longer."""
    asked, heard = Query(0x0100, b"\1a\0\0\1\0\1", 0, 512, b"", False), response.Response(0, 0)
    heard.stored_at, heard.expiry = STORED_AT, STORED_AT + 60
    table = PacketCache()
    table.add(b"exact", asked, heard, b"\x81\x80" + bytes(8), 7, max_ttl=99, at=STORED_AT)
    assert table.again(b"exact", STORED_AT + 59.9) is not None
    assert table.again(b"exact", STORED_AT + 60) is None


def test_a_name_that_is_forgotten_is_ready_in_no_form() -> None:
    """Whatever queries asked for a name, none of them takes the short cut afterwards."""
    asked, heard = Query(0x0100, b"\1a\0\0\1\0\1", 0, 512, b"", False), response.Response(0, 0)
    heard.expiry = STORED_AT + 60
    table = PacketCache()
    for exact in (b"one", b"other"):
        table.add(exact, asked, heard, b"\x81\x80" + bytes(8), 7, max_ttl=99, at=STORED_AT)
    table.forget([b"\1a\0", b"\1b\0"])
    assert not table.now
    assert table.again(b"one", STORED_AT) is None


def test_queries_that_never_come_again_cannot_make_it_grow() -> None:
    """At the bound all is made anew."""
    asked, heard = Query(0x0100, b"\1a\0\0\1\0\1", 0, 512, b"", False), response.Response(0, 0)
    heard.expiry = STORED_AT + 60
    table = PacketCache()
    for number in range(packets.LIMIT + 5):
        exact = b"%d" % number
        table.add(exact, asked, heard, b"\x81\x80" + bytes(8), 7, max_ttl=99, at=STORED_AT)
    assert len(table.now) == len(table._warm) == 5
    assert sum(map(len, table._by_name.values())) == 5
