"""dnstap files: the clients' side of a resolver's messages, also behind damage."""

import io
from collections import Counter
from pathlib import Path

import pytest
from dnstap_pb import Dnstap, Message

from dnswatch.model.observation import Observation
from dnswatch.sources.dnstap import LONGEST, is_begun, readings
from tests.sources.packets import NOON, query, response

SHARED = Path(__file__).parents[3] / "shared" / "captures" / "dsc-test.dnstap"
START = b"\0\0\0\0\0\0\0\x22\0\0\0\2\0\0\0\1\0\0\0\x16protobuf:dnstap.Dnstap"
STOP = b"\0\0\0\0\0\0\0\4\0\0\0\3"


def frame(kind: int, at: float, message: bytes) -> bytes:
    """Write one message."""
    tap = Dnstap(identity=b"resolver", type=Dnstap.MESSAGE)
    tap.message.type = kind
    tap.message.query_address, tap.message.query_port = b"\x0a\0\0\1", 40000
    tap.message.response_address, tap.message.response_port = b"\x0a\0\0\x35", 53
    if kind in (Message.CLIENT_QUERY, Message.RESOLVER_QUERY):
        tap.message.query_time_sec, tap.message.query_message = int(at), message
    else:
        tap.message.response_time_sec, tap.message.response_message = int(at), message
    data = bytes(tap.SerializeToString())
    return len(data).to_bytes(4, "big") + data


ASKED = frame(Message.CLIENT_QUERY, NOON, query())
ANSWERED = frame(Message.CLIENT_RESPONSE, NOON + 1, response())


def read(data: bytes) -> tuple[list[Observation], Counter[str]]:
    """Read a file."""
    lookups, census = [], Counter[str]()
    for reading in readings(io.BytesIO(data)):
        lookups += reading.lookups
        census += reading.census
    return lookups, census


def test_a_file_is_recognised() -> None:
    """By its control frame, and what that says is in it."""
    assert is_begun(START)
    assert not is_begun(bytes(100))


def test_a_clients_lookup_is_read() -> None:
    """With the client's address, not the resolver's."""
    [seen], census = read(START + ASKED + ANSWERED + STOP)
    assert (seen.at, seen.client, seen.server) == (NOON + 1, b"\x0a\0\0\1", b"\x0a\0\0\x35")
    assert +census == Counter(frames=2, queries=1, responses=1, answered=1)


def test_what_the_resolver_asks_itself_is_passed_over() -> None:
    """It would count everything twice, but it is told."""
    upstream = frame(Message.RESOLVER_QUERY, NOON, query(ident=99))
    lookups, census = read(START + ASKED + upstream + ANSWERED + STOP)
    assert (len(lookups), census["lines_odd"], census["queries"]) == (1, 1, 1)


def test_responses_alone_are_lookups() -> None:
    """Some resolvers are told to write nothing else."""
    lookups, census = read(START + ANSWERED + STOP)
    assert (len(lookups), census["unasked"]) == (1, 1)


@pytest.mark.parametrize(
    "noise", [(LONGEST + 1).to_bytes(4, "big") + b"\x0a" * 40, b"\0\0\0\x10" + b"\xff" * 16]
)
def test_damage_in_the_middle_is_skipped_and_counted(noise: bytes) -> None:
    """What follows is found again."""
    lookups, census = read(START + ASKED + noise + ANSWERED + STOP)
    assert len(lookups) == 1
    assert (census["damaged"], census["damaged_bytes"]) == (1, len(noise))
    assert census["answered"] == 1


def test_a_message_that_is_broken_is_skipped_alone() -> None:
    """Its frame says where the next one begins."""
    lookups, census = read(START + ASKED + b"\0\0\0\5\x0a\x7fabc" + ANSWERED + STOP)
    assert (len(lookups), census["damaged"], census["answered"]) == (1, 1, 1)


def test_an_end_that_is_cut_off_is_said() -> None:
    """A stream that ends well says so."""
    assert read(START + ASKED + ANSWERED + STOP)[1]["cut_off"] == 0
    assert read(START + ASKED + ANSWERED[:-4])[1]["cut_off"] == 1
    assert read(START + ASKED)[1]["cut_off"] == 1


def test_a_file_of_another_tool_is_read() -> None:
    """What kdig wrote (dsc's test data)."""
    if not SHARED.exists():
        pytest.skip("../shared/captures is not beside the checkout")
    [seen], census = read(SHARED.read_bytes())
    assert (census["queries"], census["responses"], census["damaged"], census["cut_off"]) == (
        1,
        1,
        0,
        0,
    )
    assert seen.addresses == ((b"\xd8\x3a\xd3\x0e", 300),)
