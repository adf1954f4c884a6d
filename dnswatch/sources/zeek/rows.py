"""Rows: what a log of Zeek tells, as observations and flows.

dns.log does not say of an answer what type it is, so addresses are taken from what looks like one,
and exchanges from the answers to MX questions (an alias among them would be taken for one as well).
smtp.log tells of mails, and several may go over one connection.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from dnswatch import addresses
from dnswatch.codes import UNANSWERED, Type
from dnswatch.errors import WireError
from dnswatch.model.flow import Flow, Outcome
from dnswatch.model.observation import Observation, Origin
from dnswatch.sources.capture.ip import TCP, UDP
from dnswatch.sources.matching import PATIENCE
from dnswatch.sources.moments import is_possible
from dnswatch.sources.zeek.lines import Row
from dnswatch.wire.name import MAX_NAME

_PROTOCOLS: Final = {"tcp": TCP, "udp": UDP, "icmp": 1}
_PORT, _RCODE, _TTL, _COUNT = 0xFFFF, 0xFFF, 0x7FFFFFFF, 1 << 48
"""The greatest numbers of each kind."""
_OUTCOMES: Final = {
    "S0": Outcome.FAILURE,
    "REJ": Outcome.FAILURE,
    "SH": Outcome.FAILURE,
    "RSTOS0": Outcome.FAILURE,
    "S1": Outcome.SUCCESS,
    "S2": Outcome.SUCCESS,
    "S3": Outcome.SUCCESS,
    "SF": Outcome.SUCCESS,
    "RSTO": Outcome.SUCCESS,
    "RSTR": Outcome.SUCCESS,
}
"""`conn_state` to what became of the connection; others (SHR, RSTRH, OTH) do not tell."""

_MX: Final = Type.MX.value
_BYTE: Final = re.compile(rb"\\x([0-9a-fA-F]{2})")


def lookup(row: Row) -> Observation | None:
    """Read a row of dns.log; None where it tells of no DNS (of mDNS, NetBIOS) or of no question.

    Raises `ValueError`, `KeyError` or `WireError` where it makes no sense.
    """
    told = row.told
    if told["id.resp_p"] != "53" or "qtype" not in told or "query" not in told:
        return None
    begun, qtype = moment(told["ts"]), number(told["qtype"], _PORT)
    rcode = number(told["rcode"], _RCODE) if "rcode" in told else UNANSWERED
    took = PATIENCE if rcode == UNANSWERED else float(told.get("rtt", 0.0))
    addresses, exchanges, ttl = _answers(row, qtype)
    return Observation(
        possible(begun + took),
        packed(told["id.orig_h"]),
        wire(told["query"]),
        qtype,
        rcode,
        Origin.FAILED if rcode == UNANSWERED else Origin.UPSTREAM,
        addresses,
        exchanges,
        ttl,
        recursion=told.get("RD", "T") in ("T", "True"),
        server=packed(told["id.resp_h"]),
    )


def flow(row: Row) -> Flow | None:
    """Read a row of conn.log; None where it tells of a lookup, which dns.log has."""
    told = row.told
    protocol = _PROTOCOLS.get(told.get("proto", ""), 0)
    port = number(told["id.resp_p"], _PORT) if protocol in (TCP, UDP) else None
    if protocol == UDP and port == 53:
        return None
    begun = moment(told["ts"])
    state = told.get("conn_state", "OTH")
    return Flow(
        begun,
        packed(told["id.orig_h"]),
        packed(told["id.resp_h"]),
        protocol,
        port,
        _OUTCOMES.get(state, Outcome.UNKNOWN) if protocol == TCP else Outcome.UNKNOWN,
        possible(begun + float(told.get("duration", 0.0))),
        _both(told, "pkts"),
        _both(told, "ip_bytes"),
        number(told["orig_bytes"], _COUNT) if "orig_bytes" in told else None,
    )


def mail(row: Row) -> Flow:
    """Read a row of smtp.log: a connection that was taken, of which little is told."""
    told = row.told
    at = moment(told["ts"])
    return Flow(
        at,
        packed(told["id.orig_h"]),
        packed(told["id.resp_h"]),
        TCP,
        number(told["id.resp_p"], _PORT),
        Outcome.SUCCESS,
        at,
        0,
        0,
        None,
    )


def moment(text: str) -> float:
    """Read a time: Unix seconds, or a date and time in UTC, as JSON logs may have it.

    Raises `ValueError` where nothing can have been recorded then.
    """
    try:
        at = float(text)
    except ValueError:
        date = datetime.fromisoformat(text)
        at = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    return possible(at)


def possible(at: float) -> float:
    """Return a moment; raises `ValueError` where nothing can have been recorded then."""
    if not is_possible(at):
        raise ValueError
    return at


def number(text: str, most: int) -> int:
    """Read a number from 0 to `most`; raises `ValueError` where it is none."""
    value = int(text)
    if not 0 <= value <= most:
        raise ValueError
    return value


@lru_cache(100_000)
def packed(text: str) -> bytes:
    """Read an address."""
    return addresses.read(text).packed


@lru_cache(100_000)
def wire(text: str) -> bytes:
    r"""Read a name: its bytes are any, odd ones written `\xHH`."""
    name = bytearray()
    labels = text.lower().removesuffix(".").encode("utf-8", errors="surrogateescape").split(b".")
    for label in labels if text not in ("", ".") else ():
        plain = _BYTE.sub(lambda match: bytes([int(match[1], 16)]), label)
        if not 0 < len(plain) <= 63:
            raise WireError(f"'{text}' is no domain name")
        name += bytes([len(plain)]) + plain
    if len(name) >= MAX_NAME:
        raise WireError(f"'{text}' is longer than a domain name may be")
    return bytes(name) + b"\0"


def _answers(row: Row, qtype: int) -> tuple[tuple[tuple[bytes, int], ...], tuple[bytes, ...], int]:
    """Read the answers: addresses with their TTLs, exchanges, and the exchanges' smallest TTL."""
    answers = row.lists.get("answers", [])
    ttls = [_seconds(ttl) for ttl in row.lists.get("TTLs", [])]
    ttls += [0] * (len(answers) - len(ttls))
    if qtype == _MX:
        exchanges = tuple(_exchanges(answers))
        return (), exchanges, min(ttls[: len(answers)]) if exchanges else 0
    return tuple(_addresses(answers, ttls)), (), 0


def _seconds(text: str) -> int:
    """Read a TTL; one above RFC 2181's bound counts as none."""
    seconds = float(text) if text else 0.0
    return int(seconds) if 0 <= seconds <= _TTL else 0


def _exchanges(answers: list[str]) -> Iterator[bytes]:
    for answer in answers:
        yield wire(answer.rpartition(" ")[2])  # a preference before it, in some versions


def _addresses(answers: list[str], ttls: list[int]) -> Iterator[tuple[bytes, int]]:
    for answer, ttl in zip(answers, ttls, strict=False):
        if answer.replace(".", "").isdecimal() or ":" in answer:
            try:
                yield packed(answer), ttl
            except ValueError:
                continue  # TXT and the like may hold anything


def _both(told: dict[str, str], what: str) -> int:
    return sum(number(told.get(f"{side}_{what}", "0"), _COUNT) for side in ("orig", "resp"))
