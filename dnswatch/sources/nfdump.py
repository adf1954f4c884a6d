"""nfdump's flow records, as `nfdump -o csv` writes them.

A record tells of one direction, unless nfdump was told to join them (-b); so the two are joined
here, as packets are.  Times are in local time of the machine that ran nfdump: set TZ to read those
of another.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from itertools import islice
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from dnswatch.model.flow import Flow
from dnswatch.sources.capture.flows import Flows, Part
from dnswatch.sources.capture.ip import TCP, UDP
from dnswatch.sources.reading import Reading, Readings

LINES: Final = 5_000
"""Lines taken at a time."""

SLACK: Final = 900.0
"""Seconds by which records may stand in the wrong order: exporters tell of long flows in the
middle (every 300 s, as a rule), and nfcapd writes a file every 300 s."""

_NAMES: Final = {
    "ts": ("ts", "firstSeen"), "te": ("te", "lastSeen"), "td": ("td", "duration"),
    "source": ("sa", "srcAddr"), "destination": ("da", "dstAddr"), "sport": ("sp", "srcPort"),
    "dport": ("dp", "dstPort"), "protocol": ("pr", "proto"), "flags": ("flg", "flags"),
    "packets": ("ipkt", "packets", "inPackets"), "bytes": ("ibyt", "bytes", "inBytes"),
    "packets back": ("opkt", "outPackets"), "bytes back": ("obyt", "outBytes"),
}  # fmt: skip
"""What is wanted, and what it is called: by nfdump up to 1.7.2, and later."""
_NEEDED: Final = (
    "ts", "source", "destination", "sport", "dport", "protocol", "packets", "bytes",
)  # fmt: skip
_PROTOCOLS: Final = {"TCP": TCP, "UDP": UDP, "ICMP": 1, "ICMP6": 58, "GRE": 47, "ESP": 50}
_FLAGS: Final = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}
_SYN, _ACK = 2, 16
_at: Final = attrgetter("at")


def is_begun(head: bytes) -> bool:
    """Tell whether a file begins with the names of nfdump's columns."""
    names = head.split(b"\n", 1)[0].decode("ascii", errors="replace").strip().split(",")
    return all(_NAMES[needed][0] in names or _NAMES[needed][1] in names for needed in _NEEDED)


def readings(lines: Iterable[bytes]) -> Readings:
    """Read a file."""
    table = csv.reader(line.decode("ascii", errors="replace") for line in lines)
    places = _places(next(table))
    flows = Flows()
    last = sweep_at = 0.0
    while some := list(islice(table, LINES)):
        census: Counter[str] = Counter(frames=len(some))
        for row in some:
            part = _part(row, places, census)
            if part is not None:
                flows.join(part)
                last = max(last, part.at)
        sweep_at = max(sweep_at, last - SLACK)
        yield _reading(flows, sweep_at, sweep_at, census)
    yield _reading(flows, last, float("inf"), Counter())


def _places(names: list[str]) -> dict[str, int]:
    """Find each wanted column."""
    return {
        wanted: names.index(known)
        for wanted, called in _NAMES.items()
        for known in called
        if known in names
    }


def _part(row: list[str], places: dict[str, int], census: Counter[str]) -> Part | None:
    """Read a record; what is none (the summary at the end) is counted and passed over."""
    if len(row) <= max(places.values()):
        census["lines_odd"] += bool(row)
        return None
    told = {wanted: row[place].strip() for wanted, place in places.items()}
    try:
        return _told(told)
    except ValueError:
        census["damaged"] += 1
        return None


def _told(told: dict[str, str]) -> Part:
    protocol = _protocol(told["protocol"])
    ends = _packed(told["source"]) + _packed(told["destination"])
    if protocol in (TCP, UDP):
        ends += _port(told["sport"]) + _port(told["dport"])
    begun = _moment(told["ts"])
    ended = _moment(told["te"]) if "te" in told else begun + float(told.get("td", 0))
    flags = sum(bit for letter, bit in _FLAGS.items() if letter in told.get("flags", ""))
    back = int(told.get("packets back", 0))
    part = Part(ends, protocol, begun, ended, -1)
    part.packets = int(told["packets"]) + back
    part.bytes = int(told["bytes"]) + int(told.get("bytes back", 0))
    part.flags = flags
    if back:  # joined by nfdump, and so are the flags
        part.answered = flags & ~_SYN | (_SYN if flags & _ACK else 0)
    return part


def _reading(flows: Flows, until: float, ended: float, census: Counter[str]) -> Reading:
    contacts = sorted(flows.contacts, key=_at)
    flows.contacts.clear()
    census["flows"] += len(contacts)
    census["smtp"] += sum(one.port == 25 and one.protocol == TCP for one in contacts)
    return Reading(until, [], contacts, _without_payload(flows.sweep(ended)), census)


def _without_payload(flows: Iterator[Flow]) -> list[Flow]:
    """Leave the payload open, of which records do not tell."""
    return [replace(flow, payload=None) for flow in flows]


def _protocol(text: str) -> int:
    return _PROTOCOLS[text] if text in _PROTOCOLS else int(text) if text.isdigit() else 255


def _port(text: str) -> bytes:
    return int(float(text)).to_bytes(2, "big")


@lru_cache(100_000)
def _packed(text: str) -> bytes:
    return ip_address(text).packed


@lru_cache(10_000)
def _moment(text: str) -> float:
    """Read a time: in local time, or Unix seconds."""
    if text.replace(".", "").isdigit():
        return float(text)
    return datetime.fromisoformat(text).astimezone().timestamp()
