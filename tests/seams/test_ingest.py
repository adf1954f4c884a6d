"""What other vantage points say is read whole, or refused; nothing that cannot be gets past."""

import json
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import Type
from dnswatch.model.observation import Decided, Enforced, Observation, Origin, Tally
from dnswatch.seams.batch import Batch, encode
from dnswatch.seams.ingest import Hello, read, read_hello
from dnswatch.wire.name import from_text

NOW = 1_764_349_703.0
SEEN = {
    "at": NOW - 1,
    "client": "192.0.2.7",
    "qname": "Example.ORG.",
    "qtype": 15,
    "addresses": [["2001:db8::1", 300]],
    "exchanges": ["mx.example.org"],
    "ttl": 60,
    "server": "::ffff:192.0.2.53",
    "proven": False,
}
OBSERVED = Observation(
    NOW - 1,
    b"\xc0\0\2\7",
    from_text("example.org"),
    Type.MX,
    0,
    Origin.UPSTREAM,
    ((b"\x20\1\x0d\xb8" + bytes(11) + b"\1", 300),),
    (from_text("mx.example.org"),),
    60,
    server=b"\xc0\0\2\x35",
    proven=False,
)


def told(**more: Any) -> bytes:
    """A batch in JSON with one lookup, some of which is otherwise."""
    return json.dumps({"until": NOW, "observations": [SEEN | more]}).encode()


def handed(*seen: Observation, **more: Any) -> bytes:
    """A batch in msgpack."""
    [message] = encode(Batch(NOW, list(seen), **more))
    return message


def test_both_encodings_say_the_same() -> None:
    """A batch in JSON is what it is in msgpack, names and addresses in the form of the model."""
    spelt = Observation(*(getattr(OBSERVED, name) for name in OBSERVED.__struct_fields__))
    assert read(told(), NOW) == read(handed(spelt), NOW) == Batch(NOW, [OBSERVED])


def test_a_name_that_is_no_hosts_is_given_in_hex() -> None:
    """Whatever bytes a label holds, a vantage point without a DNS library can say it."""
    [seen] = read(told(qname="0x03410a2e00"), NOW).observations
    assert seen.qname == b"\3a\n.\0"


def test_its_clock_may_be_ahead() -> None:
    """What is of the future is of now: the machine's clock was set, and we have yet to follow;
    nobody is waited for into the future."""
    for ahead in (0.9, 3600.0):
        batch = read(
            json.dumps({"until": NOW + 99, "observations": [SEEN | {"at": NOW + ahead}]}).encode(),
            NOW,
        )
        assert batch.until == NOW + 1
        assert batch.observations[0].at == NOW


def test_what_is_counted_is_counted_for_one_client() -> None:
    """An IPv4-mapped address is the IPv4 one, in tallies as in lookups."""
    mapped = Tally(bytes(10) + b"\xff\xff\xc0\0\2\7", 1, 0, 1, False, 3)
    assert read(handed(tallies=[mapped]), NOW).tallies == [Tally(b"\xc0\0\2\7", 1, 0, 1, False, 3)]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{",
        b"[]",
        b"\xc1",
        b'{"until": "soon"}',
        b'{"until": 1e999}',
        b'{"until": 1, "what": 2}',
        b'{"until": 1, "dropped": -1}',
        b"{" * 50_000,
        b" " * 200_000,
        told(at=NOW * 2),
        told(at=NOW - 100_000),
        told(at=0),
        told(client="192.0.2"),
        told(client=""),
        told(qname="a..b"),
        told(qname="x" * 64),
        told(qname="0x03"),
        told(qname="0xc00c"),
        told(qtype=65536),
        told(qtype=-1),
        told(rcode=4096),
        told(origin="hearsay"),
        told(addresses=[["192.0.2.1", -1]]),
        told(ttl=1 << 31),
        told(addresses=[["192.0.2.1", 1]] * 257),
        told(exchanges=["."] * 257),
        told(enforced=["mine", "held"]),
    ],
)
def test_what_cannot_be_is_refused(message: bytes) -> None:
    """A message is good as a whole, or none of it is believed."""
    with pytest.raises(ValueError, match=r"."):
        read(message, NOW)


@pytest.mark.parametrize(
    "message",
    [
        handed(OBSERVED, OBSERVED.__class__(nan, None, b"\0", 1, 0, Origin.CACHE)),
        handed(Observation(NOW, b"\1\2\3", b"\0", 1, 0, Origin.CACHE)),
        handed(Observation(NOW, None, b"\3a", 1, 0, Origin.CACHE)),
        handed(Observation(NOW, None, b"\0\0", 1, 0, Origin.CACHE)),
        handed(Observation(NOW, None, b"\0", 1, 0, Origin.CACHE, ((b"", 1),))),
        handed(
            Observation(NOW, None, b"\0", 1, 0, Origin.CACHE, enforced=Enforced("x", Decided.HELD))
        ),
        handed(tallies=[Tally(b"\1", 1, 0, 1, False, 1)]),
        handed(tallies=[Tally(None, 1, 0, 1, False, 0)]),
        handed(tallies=[Tally(None, 1, 0, 1 << 40, False, 1)]),
        handed(counters={"dropped": -5}),
    ],
)
def test_what_cannot_be_is_refused_in_msgpack_too(message: bytes) -> None:
    """Bytes that are of the right type are not right by that."""
    with pytest.raises(ValueError, match=r"."):
        read(message, NOW)


def test_of_counters_only_what_was_dropped_is_heard() -> None:
    """A vantage point can neither count for a worker nor begin as one."""
    batch = read(handed(counters={"dropped": 3, "worker_started": 1, "mismatch": 2}), NOW)
    assert batch.counters == {"dropped": 3}


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: b"{" + text.encode()))
def test_noise_raises_nothing_else(noise: bytes) -> None:
    """Whatever comes, it is a batch, a hello or a `ValueError`."""
    for one in (read_hello, lambda message: read(message, NOW)):
        try:
            one(noise)
        except ValueError:
            continue


def test_a_hello_says_a_name_and_a_lag() -> None:
    """The lag is bounded, since everybody else waits for as long; what is new is passed over."""
    assert read_hello(b'{"hello": "unbound", "lag": 2.5, "more": 1}') == Hello("unbound", 2.5)
    assert read_hello(b'{"hello": "zeek-2"}') == Hello("zeek-2", 1.0)
    for wrong in (b"{}", b'{"hello": "Worker 0"}', b'{"hello": "a", "lag": 31}', b'{"hello": ""}'):
        with pytest.raises(ValueError, match=r"hello|lag"):
            read_hello(wrong)
