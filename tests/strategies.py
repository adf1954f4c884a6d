"""Strategies: names, queries and responses as hypothesis draws them, written by dnspython."""

from typing import Any, Final

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.renderer
import dns.rrset
from hypothesis import strategies as st

from dnswatch.wire import query
from dnswatch.wire.query import Query

LABEL_BYTES: Final = 63
ZONES: Final = ("example.", "mail.example.", "Example.ORG.", ".")
TTLS: Final = st.one_of(st.integers(0, 600), st.integers(0, 2**31 - 1))

labels = st.binary(min_size=1, max_size=LABEL_BYTES)


def in_wire(parts: list[bytes]) -> bytes:
    """Write labels as a name."""
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


names = st.lists(labels, max_size=8).map(in_wire).filter(lambda name: len(name) <= 255)
"""Any name at all, in wire form."""

hosts = st.builds(
    lambda label, zone: dns.name.from_text(f"{label}.{zone}" if zone != "." else f"{label}."),
    st.sampled_from(["a", "b", "MX", "www", "xn--bcher-kva", "_25._tcp"]),
    st.sampled_from(ZONES),
)
"""Few names that share their ends, so that messages are compressed."""

_ADDRESSES: Final = st.one_of(
    st.tuples(st.just("A"), st.integers(1, 254).map(lambda n: f"192.0.2.{n}")),
    st.tuples(st.just("AAAA"), st.integers(1, 9999).map(lambda n: f"2001:db8::{n}")),
)
_DATA: Final = {
    "A": st.integers(1, 254).map(lambda n: f"192.0.2.{n}"),
    "AAAA": st.integers(1, 9999).map(lambda n: f"2001:db8::{n}"),
    "MX": hosts.map(lambda host: f"10 {host}"),
    "TXT": st.integers(0, 200).map(lambda n: f'"{"x" * n}"'),
    "TYPE65280": st.just(r"\# 3 C00CFF"),
}
_AUTHORITY: Final = st.one_of(
    st.tuples(st.just("NS"), hosts.map(str)),
    st.tuples(st.just("SOA"), TTLS.map(lambda ttl: f"ns. admin. 1 2 3 4 {ttl}")),
)
_OPTIONS: Final = st.one_of(
    st.just(dns.edns.ECSOption("192.0.2.0", 24)),
    st.just(dns.edns.EDEOption(dns.edns.EDECode.OTHER, "so")),
    st.just(dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")),
    st.just(dns.edns.GenericOption(dns.edns.OptionType.PADDING, bytes(5))),
    st.just(dns.edns.GenericOption(dns.edns.OptionType.make(65001), b"unknown")),
)


def _records(data: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[dns.rrset.RRset]:
    return st.builds(
        lambda owner, ttl, what: dns.rrset.from_text(owner, ttl, "IN", *what), hosts, TTLS, data
    )


@st.composite
def _answers(draw: st.DrawFn, question: dns.rrset.RRset) -> list[dns.rrset.RRset]:
    """An answer section that fits a question: perhaps aliases, perhaps records at their end."""
    if question.rdclass != dns.rdataclass.IN:
        return []
    names = [question.name, *draw(st.lists(hosts, max_size=2, unique_by=_folded))]
    names = list({_folded(name): name for name in names}.values())
    kind = dns.rdatatype.to_text(question.rdtype)
    texts = [("CNAME", str(target)) for target in names[1:]]
    owners = names[:-1]
    for data in draw(st.lists(_DATA[kind], max_size=3)):
        texts.append((kind, data))
        owners.append(names[-1])
    return [
        dns.rrset.from_text(owner, draw(TTLS), "IN", *text)
        for owner, text in zip(owners, texts, strict=True)
    ]


def _folded(name: dns.name.Name) -> str:
    return name.to_text().lower()


@st.composite
def queries(draw: st.DrawFn) -> bytes:
    """A client's query without its ID: any flags, any type, with EDNS or without."""
    message = dns.message.make_query(
        draw(hosts),
        draw(st.sampled_from(list(_DATA))),
        draw(st.sampled_from(["IN", "CH"])),
    )
    for flag in (dns.flags.RD, dns.flags.AD, dns.flags.CD):
        message.flags = message.flags | flag if draw(st.booleans()) else message.flags & ~flag
    if draw(st.booleans()):
        message.use_edns(
            0,
            draw(st.sampled_from([0, dns.flags.DO])),
            draw(st.integers(0, 65535)),
            options=list[dns.edns.Option](draw(st.lists(_OPTIONS, max_size=3))),
        )
    return message.to_wire()[2:]


@st.composite
def exchanged(draw: st.DrawFn) -> tuple[Query, bytes]:
    """A query as it is read, and a response to it: compressed, with OPT anywhere or not at all."""
    asked = query.read(b"\0\0" + draw(queries()))
    assert asked is not None
    question = dns.message.from_wire(b"\0\0" + query.for_upstream(asked, 1232)).question[0]
    rcode = draw(st.sampled_from([0, 0, 0, 2, 3, 5, 16, 23]))
    flags = dns.flags.QR | dns.flags.RA | draw(st.sampled_from([0, dns.flags.AD, dns.flags.TC]))
    renderer: Any = dns.renderer.Renderer(0, flags | rcode & 15)  # type: ignore[no-untyped-call]
    renderer.add_question(question.name, question.rdtype, question.rdclass)
    for record in draw(_answers(question)):
        renderer.add_rrset(dns.renderer.ANSWER, record)
    for record in draw(st.lists(_records(_AUTHORITY), max_size=4)):
        renderer.add_rrset(dns.renderer.AUTHORITY, record)
    additional = draw(st.lists(_records(_ADDRESSES), max_size=3))
    place = draw(st.integers(0, len(additional)))
    has_opt = rcode > 15 or draw(st.booleans())
    for record in additional[:place]:
        renderer.add_rrset(dns.renderer.ADDITIONAL, record)
    if has_opt:
        renderer.add_edns(0, rcode >> 4 << 24, 1232, draw(st.lists(_OPTIONS, max_size=3)))
    for record in additional[place:]:
        renderer.add_rrset(dns.renderer.ADDITIONAL, record)
    renderer.write_header()
    return asked, bytes(renderer.get_wire())


@st.composite
def mutated(draw: st.DrawFn, messages: st.SearchStrategy[bytes]) -> bytes:
    """A message with a few bytes changed, cut out or put in."""
    message = bytearray(draw(messages))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(message)))
        piece = draw(st.one_of(st.binary(max_size=3), st.sampled_from([b"\xc0\x0c", b"\xc0"])))
        message[at : at + draw(st.integers(0, 3))] = piece
    return bytes(message)


def parsed(message: bytes) -> dns.message.Message:
    """What dnspython reads in a message, record by record."""
    return dns.message.from_wire(message, one_rr_per_rrset=True)
