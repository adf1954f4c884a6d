"""Messages that catch careless resolvers: each is treated as its RFC says."""

import struct

import dns.edns
import dns.flags
import dns.message
import pytest

from tests import check
from tests.behaviour import answer, huge
from tests.live.site import Serve, Site

OPT = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
"""An OPT record with nothing in it."""


def head(
    number: int = 0x4242, flags: int = 0x0100, counts: tuple[int, ...] = (1, 0, 0, 0)
) -> bytes:
    """Write a message's header."""
    return struct.pack("!HHHHHH", number, flags, *counts)


def question(name: bytes = b"\4trap\7example\0") -> bytes:
    """Write a question for the address of a name in wire form."""
    return name + struct.pack("!HH", 1, 1)


def rcode(wire: bytes) -> int:
    """Read the response code from a header, demanding that it is a response."""
    assert wire[2] & 0x80, "QR is clear"
    return wire[3] & 0x0F


@pytest.mark.parametrize("opcode", [1, 2, 4, 5, 6, 15])
def test_other_opcodes_are_not_implemented(site: Site, opcode: int) -> None:
    """An opcode other than QUERY is answered NOTIMP, under the same ID and opcode."""
    answer = site.exchange(head(flags=opcode << 11) + question())
    assert (answer[:2], rcode(answer), answer[2] >> 3 & 15) == (b"\x42\x42", 4, opcode)


@pytest.mark.parametrize("number", [0, 2])
def test_anything_but_one_question_is_malformed(site: Site, number: int) -> None:
    """No question and two questions are answered FORMERR (RFC 9619)."""
    assert rcode(site.exchange(head(counts=(number, 0, 0, 0)) + question() * number)) == 1


def test_trailing_bytes_are_malformed_or_ignored(site: Site) -> None:
    """Bytes after the message are no reason to be silent, and they are never forwarded."""
    answer = site.exchange(head() + question(b"\7trailer\0") + b"\xde\xad\xbe\xef")
    assert rcode(answer) in (0, 1)
    assert all(b"\xde\xad\xbe\xef" not in asked.wire for asked in site.upstream.asked)


IMPOSSIBLE = {
    "itself": b"\xc0\x0c",
    "loop": b"\4loop\xc0\x0c",
    "beyond": b"\4next\xc0\xff",
    "reserved": b"\x80label\0",
    "cut": b"\x3fshort",
    "long": b"\1a" * 128 + b"\0",
}
"""Names that are none, by what is wrong with them."""


@pytest.mark.parametrize("name", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_impossible_names_are_malformed(site: Site, name: bytes) -> None:
    """A name with a pointer, a reserved label, no end or too many bytes is answered FORMERR."""
    assert rcode(site.exchange(head() + question(name))) == 1


def test_a_cut_question_is_malformed(site: Site) -> None:
    """A header that promises a question which is not there is answered FORMERR."""
    assert rcode(site.exchange(head())) == 1
    assert rcode(site.exchange(head() + question()[:-3])) == 1


@pytest.mark.parametrize("size", range(12))
def test_less_than_a_header_is_ignored(site: Site, size: int) -> None:
    """A datagram shorter than a header gets no answer: there is nothing to answer to."""
    assert site.is_silent_to(head()[:size])


def test_responses_are_never_answered(site: Site) -> None:
    """A message with QR set gets no answer: two servers must not talk for ever."""
    assert site.is_silent_to(head(flags=0x8180) + question())
    assert site.is_silent_to(head(flags=0x8180, counts=(0, 0, 0, 0)))


def test_two_opt_records_are_malformed(site: Site) -> None:
    """A second OPT record is answered FORMERR (RFC 6891 section 6.1.1)."""
    assert rcode(site.exchange(head(counts=(1, 0, 0, 2)) + question() + OPT + OPT)) == 1


def test_opt_with_a_name_is_malformed(site: Site) -> None:
    """An OPT record whose owner is not the root is answered FORMERR (RFC 6891 section 6.1.2)."""
    assert rcode(site.exchange(head(counts=(1, 0, 0, 1)) + question() + b"\1x" + OPT)) == 1


def test_edns_versions_to_come_are_answered_badvers(site: Site) -> None:
    """EDNS version 1 is answered BADVERS with version 0 (RFC 6891 section 6.1.3)."""
    response = site.ask("badvers.example", use_edns=1)
    check.rcode(response, "BADVERS")
    assert response.edns == 0


def test_answers_in_a_query_do_no_harm(site: Site) -> None:
    """Records that a client puts into its query never reach the cache."""
    poison = question(b"\6poison\7example\0")
    record = b"\xc0\x0c" + struct.pack("!HHIH4s", 1, 1, 9999, 4, b"\xcb\x00\x71\x42")
    site.exchange(head(counts=(1, 1, 0, 0)) + poison + record)
    assert "203.0.113.66" not in check.data(site.ask("poison.example"))


@pytest.mark.parametrize("name", ["a\\000b.example", "a\\.b.example", "\\255\\254.example", "."])
def test_strange_names_pass(site: Site, name: str) -> None:
    """Any octet may stand in a label (RFC 2181 section 11), and the root has no label at all."""
    check.noerror(site.ask(name, "TXT"))


def test_the_longest_name_passes(site: Site) -> None:
    """A name of 255 octets is answered (RFC 1035 section 2.3.4)."""
    name = ".".join(["x" * 63, "y" * 63, "z" * 63, "w" * 61])
    check.noerror(site.ask(name, "TXT"))


def test_other_classes_pass(site: Site) -> None:
    """A question of another class is the upstream's to answer (RFC 5625 section 4.4.1)."""
    check.noerror(site.ask("other.class.example", "TYPE65280", rdclass="CLASS65280"))
    assert site.upstream.asked[-1].message.question[0].rdclass == 65280


def test_each_leg_negotiates_its_own_size(site: Site) -> None:
    """Upstreams are offered 1232 bytes whatever the client offers (RFC 5625 section 4.4.2)."""
    site.ask("size.example", payload=4096)
    assert site.upstream.asked[-1].message.payload == 1232
    assert site.ask("size2.example", payload=4096).payload == 1232


@pytest.mark.parametrize(("payload", "limit"), [(None, 512), (512, 512), (700, 700), (4096, 1232)])
def test_datagrams_stay_within_the_limit(serve: Serve, payload: int | None, limit: int) -> None:
    """Over UDP a response is at most 512 bytes without EDNS, else the lesser of the client's size
    and 1232; TC says that there is more, and the rest comes over TCP."""
    site = serve(huge(3000))
    query = site.query("big.example", "TXT", payload=payload)
    wire = site.exchange(query.to_wire())
    assert len(wire) <= limit
    assert dns.message.from_wire(wire).flags & dns.flags.TC
    assert len(check.data(site.ask_tcp("big.example", "TXT"), "TXT")) == 3000 // 258


def test_answers_of_64_kib_pass_over_tcp(serve: Serve) -> None:
    """The largest answers that DNS knows come whole over TCP."""
    site = serve(huge(64000))
    assert len(check.data(site.ask_tcp("huge.example", "TXT"), "TXT")) == 64000 // 258


@pytest.mark.parametrize("kind", ["AXFR", "IXFR"])
def test_transfers_never_reach_the_upstream(site: Site, kind: str) -> None:
    """A zone transfer over UDP is refused here."""
    answer = site.exchange(site.query(f"{kind}.example", kind).to_wire())
    assert rcode(answer) in (4, 5)
    assert f"{kind}.example.".lower() not in site.upstream.names()


def test_only_known_edns_options_reach_the_upstream(site: Site) -> None:
    """A subnet is for who answers; NSID is for the next server alone (RFC 5001 section 3.2), and
    what nobody defined may say which machine asks: both end here."""
    subnet = dns.edns.ECSOption("192.0.2.0", 24)
    others = [
        dns.edns.GenericOption(dns.edns.OptionType.make(code), b"\xca\xfe\0\0\0\1")
        for code in (3, 65001, 65073)
    ]
    site.ask("option.example", options=[*others, subnet])
    assert site.upstream.asked[-1].message.options == (subnet,)


def test_additional_records_pass(serve: Serve) -> None:
    """What an upstream adds (RFC 1035's additional section) reaches the client, cached or not."""
    extra = "mx.example. 300 A 192.0.2.25"
    site = serve(answer("MX 10 mx.example.", additional=(extra,)))
    for _ in range(2):
        assert "192.0.2.25" in str(site.ask("example", "MX").additional[0])
