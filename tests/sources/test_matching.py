"""Matching: every query becomes one lookup, and a capture may be cut anywhere."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import UNANSWERED, Type
from dnswatch.model.observation import Observation, Origin
from dnswatch.sources.matching import ALIKE, PATIENCE, PENDING, Matcher
from dnswatch.sources.unmatched import StrayResponse
from dnswatch.wire.name import from_text
from tests.sources.packets import query, response

HERE, THERE = b"\x0a\0\0\1", b"\x0a\0\0\x35"
OTHER = b"\x0a\0\0\x36"
ASK, ANSWER = b"\x9c\x40\0\x35", b"\0\x35\x9c\x40"


def ask(matcher: Matcher, at: float, message: bytes | None = None) -> None:
    """Let a client ask."""
    matcher.hear(at, HERE + THERE, ASK, message or query())


def answer(matcher: Matcher, at: float, message: bytes | None = None) -> None:
    """Let the server answer."""
    matcher.hear(at, THERE + HERE, ANSWER, message or response())


def test_a_query_and_its_response_are_one_lookup() -> None:
    """It is of the moment of the response, of the client, and tells the server."""
    matcher = Matcher()
    ask(matcher, 1.0)
    answer(matcher, 1.5, response(ttl=60))
    [seen], census = matcher.take()
    assert seen == Observation(
        1.5,
        HERE,
        from_text("www.example.org"),
        Type.A,
        0,
        Origin.UPSTREAM,
        ((b"\xc0\0\2\x50", 60),),
        server=THERE,
    )
    assert +census == Counter(queries=1, responses=1, answered=1)


def test_a_query_without_a_response_is_given_up() -> None:
    """Ten seconds after it, or at the end of the capture if that comes first."""
    matcher = Matcher()
    ask(matcher, 1.0)
    ask(matcher, 8.0, query(ident=9))
    matcher.expire(1.0 + PATIENCE)
    matcher.give_up(12.0)
    lookups, census = matcher.take()
    assert [(seen.at, seen.rcode, seen.origin) for seen in lookups] == [
        (1.0 + PATIENCE, UNANSWERED, Origin.FAILED),
        (12.0, UNANSWERED, Origin.FAILED),
    ]
    assert census["unanswered"] == 2


def test_a_response_belongs_to_its_own_query_only() -> None:
    """Another ID, name, port or client, or a response that is too late, is not it."""
    for other in (
        lambda matcher: answer(matcher, 2.0, response(ident=8)),
        lambda matcher: answer(matcher, 2.0, response("other.example.org")),
        lambda matcher: answer(matcher, 1.1 + PATIENCE),
        lambda matcher: matcher.hear(2.0, THERE + HERE, b"\0\x35\x9c\x41", response()),
        lambda matcher: matcher.hear(2.0, THERE + THERE, ANSWER, response()),
    ):
        matcher = Matcher()
        ask(matcher, 1.0)
        other(matcher)
        matcher.give_up(99.0)
        _, census = matcher.take()
        assert (census["unasked"], census["unanswered"], census["answered"]) == (1, 1, 0)


def test_an_answer_from_another_address_is_taken() -> None:
    """Client, port, ID and name tell it; the lookup is one of the server that was asked."""
    matcher = Matcher()
    ask(matcher, 1.0)
    matcher.hear(1.5, OTHER + HERE, ANSWER, response())
    [seen], census = matcher.take()
    assert (seen.at, seen.server, census["answered"], census["unasked"]) == (1.5, THERE, 1, 0)


def test_who_asks_two_servers_alike_gets_the_answer_of_each() -> None:
    """Some ask all servers at once, from one port with one ID."""
    matcher = Matcher()
    ask(matcher, 1.0)
    matcher.hear(1.0, HERE + OTHER, ASK, query())
    answer(matcher, 1.2)
    matcher.hear(1.3, OTHER + HERE, ANSWER, response())
    lookups, _ = matcher.take()
    assert [(seen.at, seen.server) for seen in lookups] == [(1.2, THERE), (1.3, OTHER)]


def test_a_part_of_a_capture_does_not_guess() -> None:
    """The query that an answer from elsewhere belongs to may stand in another part."""
    matcher = Matcher(is_part=True)
    ask(matcher, 1.0)
    matcher.hear(1.5, OTHER + HERE, ANSWER, response())
    assert (len(matcher.pending()), len(matcher.responses)) == (1, 1)


def test_queries_that_are_all_alike_are_bounded() -> None:
    """Of too many that wait the first is given up; each becomes one lookup still."""
    matcher = Matcher()
    for n in range(ALIKE + 5):
        ask(matcher, n / 100)
    assert len(matcher.pending()) == ALIKE
    matcher.give_up(99.0)
    assert matcher.take()[1]["unanswered"] == ALIKE + 5


def test_case_makes_no_difference() -> None:
    """A resolver may mix case against forgers, or give the name as it knows it."""
    matcher = Matcher()
    ask(matcher, 1.0, query("wWw.eXample.org"))
    answer(matcher, 1.1)
    assert matcher.take()[1]["answered"] == 1


def test_questions_for_mx_are_counted() -> None:
    """And their exchanges are told."""
    matcher = Matcher()
    ask(matcher, 1.0, query("example.org", "MX"))
    answer(matcher, 1.1, response("example.org", exchanges=["mail.example.org"], ttl=77))
    [seen], census = matcher.take()
    assert (seen.exchanges, seen.ttl) == ((from_text("mail.example.org"),), 77)
    assert census["mx"] == 1


def test_what_asks_nothing_is_counted_apart() -> None:
    """NOTIFY and UPDATE, messages without a question, and what cannot be read."""
    matcher = Matcher()
    ask(matcher, 1.0, query()[:2] + b"\x20" + query()[3:])
    ask(matcher, 1.0, bytes(12))
    ask(matcher, 1.0, b"x")
    ask(matcher, 1.0, response()[:-2])
    _, census = matcher.take()
    assert (census["other_dns"], census["dns_broken"], census["dns_cut"]) == (2, 1, 1)


def test_the_rest_of_a_transfer_is_no_lookup() -> None:
    """AXFR is answered by many messages; the first one is the response."""
    matcher = Matcher()
    ask(matcher, 1.0, query("example.org", "AXFR"))
    transfer = query("example.org", "AXFR")
    transfer = transfer[:2] + b"\x84" + transfer[3:]
    for n in range(5):
        answer(matcher, 1.1 + n, transfer)
    lookups, census = matcher.take()
    assert (len(lookups), census["responses"]) == (1, 5)


def test_queries_that_wait_are_bounded() -> None:
    """Of too many the oldest is given up early, and none is lost."""
    matcher = Matcher()
    message = query()
    for n in range(PENDING + 2):
        matcher.hear(1.0, n.to_bytes(4, "big") + THERE, ASK, message)
    assert matcher.take()[1]["unanswered"] == 2


_STEP = st.tuples(
    st.sampled_from([0.5, 1.0, PATIENCE, PATIENCE + 1]), st.booleans(), st.integers(1, 2)
)


@given(st.lists(_STEP, max_size=30), st.sets(st.integers(0, 30)))
def test_a_capture_may_be_cut_anywhere(
    steps: list[tuple[float, bool, int]], cuts: set[int]
) -> None:
    """What pieces leave open is joined to the very lookups of the whole."""
    whole, joined, piece = Matcher(), Matcher(), Matcher()
    at = 0.0
    for n, (gap, is_answer, ident) in enumerate(steps):
        at += gap
        for matcher in (whole, piece):
            if is_answer:
                answer(matcher, at, response(ident=ident))
            else:
                ask(matcher, at, query(ident=ident))
        if n in cuts:
            _join(joined, piece, at)
            piece = Matcher()
    _join(joined, piece, at)
    for matcher in (whole, joined):
        matcher.give_up(at)
    assert sorted(map(repr, joined.take()[0])) == sorted(map(repr, whole.take()[0]))


def _join(joined: Matcher, piece: Matcher, now: float) -> None:
    joined.lookups += piece.lookups
    left: list[tuple[float, int, Any, Any]] = [
        (one.at, 0, joined.ask, one) for one in piece.pending()
    ]
    left += [(one.seen.at, 1, _respond(joined), one) for one in piece.responses]
    for _, _, step, one in sorted(left, key=lambda each: each[:2]):
        step(one)
    joined.expire(now)


def _respond(joined: Matcher) -> Callable[[StrayResponse], None]:
    return lambda one: joined.respond(one.key, one.seen)
