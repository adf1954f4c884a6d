"""What a test's upstream does with a question: answer it, or be wrong on purpose.

A behaviour is a function from the question to the steps that follow; a step is a value with a
name.  `plain` is right in all things; the rest are made from it (after BIND's isctest):

    delayed(0.5)                                    the right answer, late
    both(wrong_id(), plain)                         a forgery first, then the right answer
    in_turn(rcode("SERVFAIL"), plain)               broken once
    by_name({"slow.example.": delayed(1)}, plain)   only one name is slow
"""

import random
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final

import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset


@dataclass(frozen=True)
class Asked:
    """One question as the upstream got it."""

    wire: bytes
    peer: tuple[str, int]
    "Address and port that it came from."
    transport: str
    "`udp`, `tcp`, `tls` or `https`."

    @cached_property
    def message(self) -> dns.message.Message:
        """The query, parsed."""
        return dns.message.from_wire(self.wire)

    @property
    def qname(self) -> str:
        """The name asked for, in the case it came in."""
        return self.message.question[0].name.to_text()

    @property
    def qtype(self) -> str:
        """The type asked for."""
        return dns.rdatatype.to_text(self.message.question[0].rdtype)


@dataclass(frozen=True, slots=True)
class Send:
    """Send one message."""

    wire: bytes
    after: float = 0.0
    "Seconds to wait first."
    elsewhere: bool = False
    "From another source address (UDP)."
    dribble: bool = False
    "Byte by byte at first (TCP)."


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection, or only our direction of it."""

    half: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with this HTTP status and no message."""

    code: int


@dataclass(frozen=True, slots=True)
class Headers:
    """Send one message over HTTPS with other headers than usual."""

    wire: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class GoAway:
    """Take no later request on this HTTP/2 connection; answer those that came before (RFC 9113,
    6.8)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Refuse this request on an HTTP/2 connection that stays (RFC 9113 section 8.7)."""

    code: int


Step = Send | Close | Status | Headers | GoAway | Reset
Behaviour = Callable[[Asked], list[Step]]

NEGATIVE_TTL: Final = 60
"""Minimum of the SOA that negative answers carry, seconds."""


def plain(asked: Asked) -> list[Step]:
    """Answer A, AAAA, MX and TXT questions with data that follows from the name; any other type
    with four octets of it."""
    question = asked.message.question[0]
    number = zlib.crc32(question.name.to_text().lower().encode()) % 250 + 1
    rdata = {
        "A": f"192.0.2.{number}",
        "AAAA": f"2001:db8::{number:x}",
        "MX": f"10 mx.{question.name.to_text().lower()}",
        "TXT": f'"text {number}"',
        "NS": "ns.example.",
        "PTR": f"host{number}.example.",
    }
    unknown = rf"\# 4 C00002{number:02X}"
    kind = asked.qtype if asked.qtype != "ANY" else "A"
    return answer(f"{kind} {rdata.get(kind, unknown)}")(asked)


def answer(
    *records: str, ttl: int = 300, authority: tuple[str, ...] = (), additional: tuple[str, ...] = ()
) -> Behaviour:
    """Answer with records `TYPE DATA` of the name asked for; other sections' are full RR texts."""

    def behave(asked: Asked) -> list[Step]:
        response = response_to(asked)
        name, qclass = asked.message.question[0].name, asked.message.question[0].rdclass
        for record in records:
            kind, data = record.split(" ", 1)
            response.answer += [dns.rrset.from_rdata(name, ttl, _rdata(qclass, kind, data))]
        for section, texts in ((response.authority, authority), (response.additional, additional)):
            for text in texts:
                owner, life, kind, data = text.split(" ", 3)
                section += [dns.rrset.from_text(owner, int(life), "IN", kind, data)]
        return [Send(written(response, asked))]

    return behave


@lru_cache(maxsize=10_000)
def _rdata(qclass: dns.rdataclass.RdataClass, kind: str, data: str) -> dns.rdata.Rdata:
    """Read a record's data, once: reading texts is most of the work of a test's own upstream."""
    return dns.rdata.from_text(qclass, kind, data)


def rcode(name: str, ttl: int = NEGATIVE_TTL) -> Behaviour:
    """Answer with nothing but a response code; NXDOMAIN comes with a SOA (RFC 2308)."""

    def behave(asked: Asked) -> list[Step]:
        response = response_to(asked)
        response.set_rcode(dns.rcode.from_text(name))
        if name == "NXDOMAIN":
            soa = f"ns. admin. 1 3600 600 86400 {ttl}"
            response.authority += [dns.rrset.from_text(".", ttl, "IN", "SOA", soa)]
        return [Send(written(response, asked))]

    return behave


def huge(size: int) -> Behaviour:
    """Answer with TXT records of about `size` bytes in all."""
    return answer(*(f'TXT "{number:05}{"x" * 240}"' for number in range(size // 258)))


def silent(asked: Asked) -> list[Step]:
    """Say nothing."""
    return []


def delayed(seconds: float, then: Behaviour = plain) -> Behaviour:
    """Do it late."""
    return _changed(then, lambda send, _: replace(send, after=send.after + seconds))


def dribbled(then: Behaviour = plain) -> Behaviour:
    """Send it over TCP in crumbs of one byte, at least its head."""
    return _changed(then, lambda send, _: replace(send, dribble=True))


def both(*parts: Behaviour) -> Behaviour:
    """Do all of it, one after the other."""
    return lambda asked: [step for part in parts for step in part(asked)]


def in_turn(*parts: Behaviour) -> Behaviour:
    """Do the first for the first question of a name, the second for its second; the last for the
    rest."""
    times: Counter[str] = Counter()

    def behave(asked: Asked) -> list[Step]:
        times[asked.qname] += 1
        return parts[min(times[asked.qname], len(parts)) - 1](asked)

    return behave


def by_name(special: Mapping[str, Behaviour], otherwise: Behaviour = plain) -> Behaviour:
    """Do something else for some names, written in lower case with their final dot."""
    return lambda asked: special.get(asked.qname.lower(), otherwise)(asked)


def by_transport(udp: Behaviour, tcp: Behaviour) -> Behaviour:
    """Do one thing over UDP, the other over connections."""
    return lambda asked: (udp if asked.transport == "udp" else tcp)(asked)


def truncated(then: Behaviour = plain) -> Behaviour:
    """Over UDP answer only that there is more (TC); the whole is to be had over TCP."""

    def cut(send: Send, asked: Asked) -> Send:
        response = response_to(asked)
        response.flags |= dns.flags.TC
        return replace(send, wire=response.to_wire())

    return by_transport(_changed(then, cut), then)


def wrong_id(then: Behaviour = plain) -> Behaviour:
    """Answer under another ID (RFC 5452 section 4.3)."""
    return _changed(then, lambda send, _: replace(send, wire=_flipped(send.wire, 0)))


def wrong_question(then: Behaviour = plain) -> Behaviour:
    """Answer another question than the one asked: the first label is another."""
    return _changed(then, lambda send, _: replace(send, wire=_flipped(send.wire, 13)))


def wrong_source(then: Behaviour = plain) -> Behaviour:
    """Answer from another address than the one asked (RFC 5452 section 4.1)."""
    return _changed(then, lambda send, _: replace(send, elsewhere=True))


def no_response(then: Behaviour = plain) -> Behaviour:
    """Send the answer as a query: QR is clear."""
    return _changed(
        then,
        lambda send, _: replace(
            send, wire=send.wire[:2] + bytes([send.wire[2] & 0x7F]) + send.wire[3:]
        ),
    )


def trailing(then: Behaviour = plain) -> Behaviour:
    """Append bytes that belong to no record."""
    return _changed(then, lambda send, _: replace(send, wire=send.wire + b"\xde\xad\xbe\xef"))


def spoilt_by(change: Callable[[bytes], bytes], then: Behaviour = plain) -> Behaviour:
    """Change the answer's bytes in some way."""
    return _changed(then, lambda send, _: replace(send, wire=change(send.wire)))


def cut_short(then: Behaviour = plain) -> Behaviour:
    """Leave the last six bytes out: the last record ends in nothing."""
    return _changed(then, lambda send, _: replace(send, wire=send.wire[:-6]))


def compression_loop(asked: Asked) -> list[Step]:
    """Answer with an owner name that is a pointer to itself."""
    head = bytearray(response_to(asked, edns=False).to_wire())
    struct.pack_into("!H", head, 6, 1)
    return [
        Send(
            bytes(head)
            + struct.pack("!HHHIH4s", 0xC000 | len(head), 1, 1, 300, 4, b"\xcb\x00\x71\x42")
        )
    ]


def garbage(seed: int = 1, size: int = 40) -> Behaviour:
    """Answer with random bytes under the right ID."""
    chance = random.Random(seed)
    return lambda asked: [Send(asked.wire[:2] + b"\x81\x80" + chance.randbytes(size))]


def half_closed(asked: Asked) -> list[Step]:
    """Say nothing more on this connection, but keep reading."""
    return [Close(half=True)]


def closed(asked: Asked) -> list[Step]:
    """Hang up."""
    return [Close()]


def ending_after(number: int, *last: Step, then: Behaviour = plain) -> Behaviour:
    """Answer so many questions of a connection, do `last` with the last of them or, where it is a
    `Reset`, with all that follow, and answer no more there."""
    times: Counter[tuple[str, int]] = Counter()

    def behave(asked: Asked) -> list[Step]:
        times[asked.peer] += 1
        resets = [step for step in last if isinstance(step, Reset)]
        if times[asked.peer] > number:
            return [*resets]
        is_last = times[asked.peer] == number and not resets
        return [*then(asked), *(last if is_last else ())]

    return behave


def status(code: int) -> Behaviour:
    """Answer with an HTTP error."""
    return lambda asked: [Status(code)]


def response_to(asked: Asked, edns: bool = True) -> dns.message.Message:
    """Begin the right response: same ID, question and case, RA set, EDNS where it was used."""
    query = asked.message
    response = dns.message.make_response(query, recursion_available=True, our_payload=1232)
    if not edns:
        response.use_edns(-1)
    elif query.ednsflags & dns.flags.DO:
        response.use_edns(0, dns.flags.DO, 1232)
    return response


def written(response: dns.message.Message, asked: Asked) -> bytes:
    """Write a response so that it fits what the question's sender can take over UDP."""
    if asked.transport != "udp":
        return response.to_wire(max_size=65535)
    limit = max(512, asked.message.payload if asked.message.edns >= 0 else 512)
    return response.to_wire(max_size=limit, prefer_truncation=True)


def _changed(then: Behaviour, change: Callable[[Send, Asked], Send]) -> Behaviour:
    return lambda asked: [
        change(step, asked) if isinstance(step, Send) else step for step in then(asked)
    ]


def _flipped(wire: bytes, place: int) -> bytes:
    return wire[:place] + bytes([wire[place] ^ 0x02]) + wire[place + 1 :]
