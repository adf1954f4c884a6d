"""Rows: what a log of Zeek tells, as observations and flows.

dns.log does not say of an answer what type it is, so addresses are taken from what looks like one,
and exchanges from the answers to MX questions (an alias among them would be taken for one as well).
smtp.log tells of mails, and several may go over one connection.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final

from dnswatch import addresses
from dnswatch.codes import UNANSWERED, Type
from dnswatch.errors import WireError
from dnswatch.model.flow import Flow, Outcome
from dnswatch.model.observation import Observation, Origin
from dnswatch.sources.capture.ip import TCP, UDP
from dnswatch.sources.matching import PATIENCE
from dnswatch.sources.zeek.lines import Row
from dnswatch.wire.name import MAX_NAME

_PROTOCOLS: Final = {"tcp": TCP, "udp": UDP, "icmp": 1}
_OUTCOMES: Final = {
    "S0": Outcome.FAILURE, "REJ": Outcome.FAILURE, "SH": Outcome.FAILURE,
    "RSTOS0": Outcome.FAILURE, "S1": Outcome.SUCCESS, "S2": Outcome.SUCCESS,
    "S3": Outcome.SUCCESS, "SF": Outcome.SUCCESS, "RSTO": Outcome.SUCCESS,
    "RSTR": Outcome.SUCCESS,
}  # fmt: skip
"""`conn_state` to what became of the connection; others (SHR, RSTRH, OTH) do not tell."""

_MX: Final = Type.MX.value
_BYTE: Final = re.compile(rb"\\x([0-9a-fA-F]{2})")


def lookup(row: Row) -> Observation | None:
    """Read a row of dns.log; None where it tells of no DNS (of mDNS, NetBIOS) or of no question.

    Raises `ValueError`, `KeyError` or `WireError` where it makes no sense.
    """
    if row["id.resp_p"] != "53" or "qtype" not in row or "query" not in row:
        return None
    begun, qtype = moment(row["ts"]), int(row["qtype"])
    rcode = int(row.get("rcode", UNANSWERED))
    took = PATIENCE if rcode == UNANSWERED else float(row.get("rtt", 0.0))
    addresses, exchanges, ttl = _answers(row, qtype)
    return Observation(
        begun + took, packed(row["id.orig_h"]), wire(row["query"]), qtype, rcode,
        Origin.FAILED if rcode == UNANSWERED else Origin.UPSTREAM, addresses, exchanges, ttl,
        recursion=row.get("RD", "T") in ("T", "True"), server=packed(row["id.resp_h"]),
    )  # fmt: skip


def flow(row: Row) -> Flow | None:
    """Read a row of conn.log; None where it tells of a lookup, which dns.log has."""
    protocol = _PROTOCOLS.get(row.get("proto", ""), 0)
    port = int(row["id.resp_p"]) if protocol in (TCP, UDP) else None
    if protocol == UDP and port == 53:
        return None
    begun = moment(row["ts"])
    state = row.get("conn_state", "OTH")
    return Flow(
        begun, packed(row["id.orig_h"]), packed(row["id.resp_h"]), protocol, port,
        _OUTCOMES.get(state, Outcome.UNKNOWN) if protocol == TCP else Outcome.UNKNOWN,
        begun + float(row.get("duration", 0.0)), _both(row, "pkts"), _both(row, "ip_bytes"),
        int(row["orig_bytes"]) if "orig_bytes" in row else None,
    )  # fmt: skip


def mail(row: Row) -> Flow:
    """Read a row of smtp.log: a connection that was taken, of which little is told."""
    at = moment(row["ts"])
    return Flow(
        at, packed(row["id.orig_h"]), packed(row["id.resp_h"]), TCP, int(row["id.resp_p"]),
        Outcome.SUCCESS, at, 0, 0, None,
    )  # fmt: skip


def moment(text: str) -> float:
    """Read a time: Unix seconds, or a date and time in UTC, as JSON logs may have it."""
    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text).timestamp()


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
    if "answers" not in row:
        return (), (), 0
    answers = row["answers"].split(",")
    ttls = [int(float(ttl)) for ttl in row.get("TTLs", "").split(",") if ttl]
    ttls += [0] * (len(answers) - len(ttls))
    if qtype == _MX:
        exchanges = tuple(_exchanges(answers))
        return (), exchanges, min(ttls[: len(answers)]) if exchanges else 0
    return tuple(_addresses(answers, ttls)), (), 0


def _exchanges(answers: list[str]) -> Iterator[bytes]:
    for answer in answers:
        yield wire(answer.rpartition(" ")[2])  # a preference before it, in some versions


def _addresses(answers: list[str], ttls: list[int]) -> Iterator[tuple[bytes, int]]:
    for answer, ttl in zip(answers, ttls, strict=False):
        if answer.replace(".", "").isdigit() or ":" in answer:
            try:
                yield packed(answer), ttl
            except ValueError:
                continue  # TXT and the like may hold anything


def _both(row: Row, what: str) -> int:
    return int(row.get(f"orig_{what}", 0)) + int(row.get(f"resp_{what}", 0))
