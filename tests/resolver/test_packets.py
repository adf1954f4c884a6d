"""The short cut gives what the long way would give, to the bit."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.resolver import packets
from dnswatch.resolver.packets import PacketCache
from dnswatch.wire import build, response
from dnswatch.wire.query import Query
from tests.strategies import exchanged

STORED_AT = 1000.0
EMPTY = b"\x81\x80" + bytes(8)


def a_query(label: bytes = b"a") -> Query:
    """Ask for the address of a name of one label."""
    return Query(0x0100, b"%c%b\0\0\1\0\1" % (len(label), label), 0, 512, b"", False)


def an_answer(life: float = 60) -> response.Response:
    """Make an answer without records."""
    heard = response.Response(0, 0)
    heard.stored_at, heard.expiry = STORED_AT, STORED_AT + life
    return heard


def no_matter(_key: bytes) -> None:
    """Hear that an answer is in use."""


@given(
    exchanged(),
    st.lists(st.floats(0, 700), min_size=1).map(sorted),
    st.sampled_from([30, 86400]),
    st.sampled_from([512, 1232]),
)
def test_the_short_cut_agrees_with_the_long_way(
    pair: tuple[Query, bytes], ages: list[float], max_ttl: int, limit: int
) -> None:
    """At each age an answer that is ready is the one that would be made anew, or there is none."""
    asked, wire = pair
    heard = response.read(wire, asked, 600)
    heard.stored_at, heard.expiry = STORED_AT, STORED_AT + min(heard.ttl, max_ttl)

    def anew(at: float) -> bytes:
        age = at - heard.stored_at
        return build.body(heard, asked, age, limit=limit, max_ttl=max_ttl, size=1232)

    touched: list[bytes] = []
    table = PacketCache(touched.append)
    first, *later = (STORED_AT + age for age in ages)
    table.add(b"exact", asked, heard, anew(first), 7, first)
    for at in later:
        ready = table.find(b"exact", at)
        if ready is not None:
            assert (ready.answer, ready.kind) == (anew(at), 7)
            assert at < heard.expiry
        else:
            assert not table.answers
            break
    assert set(touched) <= {asked.key}


def test_what_has_ended_is_not_ready() -> None:
    """An answer is ready to the end of its life and no longer."""
    table = PacketCache(no_matter)
    table.add(b"exact", a_query(), an_answer(), EMPTY, 7, STORED_AT)
    assert table.find(b"exact", STORED_AT + 59.9) is not None
    assert table.find(b"exact", STORED_AT + 60) is None


def test_seconds_begin_for_each_answer_when_it_came() -> None:
    """TTLs are counted down when a second of the answer's own is over, not all at one moment."""
    table = PacketCache(no_matter)
    for number, came in enumerate((0.0, 0.25, 0.75)):
        heard = an_answer()
        heard.stored_at += came
        table.add(b"%d" % number, a_query(), heard, EMPTY, 7, STORED_AT + 1.5)
    ends = [ready.good_until - STORED_AT for ready in table.answers.values()]
    assert ends == [2.0, 2.25, 1.75]


def test_an_answer_in_use_is_heard_of_once_a_second() -> None:
    """The answer cache, which is not asked meanwhile, hears that the answer is in use."""
    touched: list[bytes] = []
    table = PacketCache(touched.append)
    table.add(b"exact", a_query(), an_answer(), EMPTY, 7, STORED_AT)
    for at in (0.5, 1.0, 1.5, 2.5):
        assert table.find(b"exact", STORED_AT + at) is not None
    assert touched == [a_query().key] * 2


def test_a_name_that_is_forgotten_is_ready_in_no_form() -> None:
    """Whatever queries asked for a name, none of them takes the short cut afterwards."""
    table = PacketCache(no_matter)
    for exact in (b"one", b"other", b"one"):
        table.add(exact, a_query(), an_answer(), EMPTY, 7, STORED_AT)
    table.forget([b"\1a\0", b"\1b\0"])
    assert not table.answers
    assert table.find(b"one", STORED_AT) is None


def test_queries_that_never_come_again_cannot_make_it_grow() -> None:
    """At the bound the oldest goes, and nothing of it stays."""
    table = PacketCache(no_matter)
    for number in range(packets.LIMIT + 5):
        asked = a_query(b"%d" % (number // 2))
        table.add(b"%d" % number, asked, an_answer(), EMPTY, 7, STORED_AT)
    assert len(table.answers) == packets.LIMIT
    assert b"4" not in table.answers
    assert b"5" in table.answers
    assert sum(map(len, table._by_name.values())) == packets.LIMIT
