"""What resolvers tell, by our clock: the lookups of a replay, but no lookup of dnswatch itself."""

import io
from collections import Counter

from dnstap_pb import Message
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.observation import Observation
from dnswatch.settings import read
from dnswatch.sources.dnstap import readings
from dnswatch.sources.live.hearing import SKEW, LiveHearing
from tests.sources.live.taps import CONTENT, RESOLVER, START, control, framed, lookup, told
from tests.sources.packets import NOON, query, response

LATE = 3.0
CLIENTS = ["10.0.0.1", "10.0.0.2", "2001:db8::3"]


def heard(frames: list[bytes], now: float) -> tuple[list[Observation], Counter[str]]:
    """Hear frames at one moment; lookups that wait for an answer are given up."""
    hearing = LiveHearing(lambda _: False)
    hearing.hear(frames, now)
    return hearing.told(now + 60)


def without_moment(seen: Observation) -> tuple[bytes | None, bytes, int]:
    """Tell a lookup without its moment: one that is given up at the end of a file is so earlier."""
    return seen.client, seen.qname, seen.rcode


@given(st.lists(st.tuples(st.sampled_from(CLIENTS), st.integers(0, 3), st.booleans()), max_size=30))
def test_it_is_what_a_replay_of_the_same_frames_tells(asked: list[tuple[str, int, bool]]) -> None:
    """Record by record, whenever the frames come and however often what is known is taken."""
    hearing, frames, live = LiveHearing(lambda _: False), list[bytes](), list[Observation]()
    for number, (client, name, is_answered) in enumerate(asked):
        server = RESOLVER if "." in client else "2001:db8::53"
        at, ident = NOON + number * 0.2, number % 5
        told_of = [
            told(Message.CLIENT_QUERY, at, query(f"n{name}.example", ident=ident), client, server)
        ]
        if is_answered:
            answer = response(f"n{name}.example", ident=ident)
            told_of.append(told(Message.CLIENT_RESPONSE, at + 0.1, answer, client, server))
        hearing.hear(told_of, at + 1.5)
        live += hearing.told(at + 1.5 - LATE)[0]
        frames += told_of
    live += hearing.told(NOON + 60)[0]
    file = io.BytesIO(control(START, CONTENT) + b"".join(map(framed, frames)))
    replayed = [seen for reading in readings(file) for seen in reading.lookups]
    key = (
        Observation.__match_args__ if False else lambda seen: (seen.client, seen.qname, seen.rcode)
    )
    assert sorted(map(key, live)) == sorted(map(key, replayed))
    answered = {seen.at: seen for seen in replayed if seen.addresses}
    assert {seen.at: seen for seen in live if seen.addresses} == answered


def test_what_dnswatch_asks_there_is_passed_over() -> None:
    """Its clients' lookups were seen already; other clients of that resolver are heard."""
    hearing = LiveHearing(lambda packed: packed == b"\x0a\0\0\x09")
    hearing.configure(read(f'upstream.servers = ["udp://{RESOLVER}", "udp://10.0.0.54:5353"]', "t"))
    hearing.hear(lookup(NOON, "ours.example", "10.0.0.9"), NOON)
    hearing.hear(lookup(NOON, "theirs.example", "10.0.0.1"), NOON)
    elsewhere = told(
        Message.CLIENT_RESPONSE, NOON, response("other.example"), "10.0.0.9", "10.0.0.55"
    )
    hearing.hear([elsewhere], NOON)
    lookups, counters = hearing.told(NOON)
    assert {seen.qname for seen in lookups} == {b"\6theirs\7example\0", b"\5other\7example\0"}
    assert counters["tap_of_dnswatch"] == 2


def test_a_clock_that_is_off_is_not_believed() -> None:
    """A message that is of long ago, of the future or of no time is of when it came, and counted;
    a minute is believed, so that what comes late is of its own time."""
    off = "tap_clock_mismatch"
    for at, name in (
        (NOON - SKEW - 1, off),
        (NOON + SKEW + 1, off),
        (0, "tap_times_untold"),
        (NOON - SKEW + 1, ""),
    ):
        message = told(Message.CLIENT_RESPONSE, at, response())
        [seen], counters = heard([message], NOON)
        assert seen.at == (NOON if name else at)
        assert counters[name] == bool(name)


def test_what_is_dropped_is_counted() -> None:
    """Frames that are no dnstap, messages that are no DNS, and what the resolver asked itself."""
    frames = [
        b"\x0a\x7fabc",
        told(Message.CLIENT_RESPONSE, NOON, b"short"),
        told(Message.RESOLVER_RESPONSE, NOON, response()),
    ]
    lookups, counters = heard(frames, NOON)
    assert not lookups
    wanted = ("tap_frames_broken", "tap_messages_malformed", "tap_frames_of_no_client")
    assert [counters[name] for name in wanted] == [1, 1, 1]
    assert counters["tap_frames"] == 3
