"""nfdump's flow records, as `nfdump -o csv` writes them.

A record tells of one direction, unless nfdump was told to join them (-b); so the two are joined
here, as packets are.  Times are in local time of the machine that ran nfdump: set TZ to read those
of another.

Records of both directions bear the same second, in any order.  So who began is told by the flags,
then by the ports, as `nfdump -B` has it, and only then by time and place.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from dnswatch import addresses
from dnswatch.model.flow import Flow
from dnswatch.sources.capture.flows import Flows, Part, reversed_ends
from dnswatch.sources.capture.ip import TCP, UDP
from dnswatch.sources.moments import is_possible
from dnswatch.sources.reading import Reading, Readings, count

LINES: Final = 5_000
"""Lines taken at a time."""

HELD: Final = 100_000
"""Records that are put into order of time: joined ones stand in none.  Some 40 MB."""

SLACK: Final = 900.0
"""Seconds by which more of them may stand in the wrong order: exporters tell of long flows in the
middle (every 300 s, as a rule), and nfcapd writes a file every 300 s."""

_NAMES: Final = {
    "ts": ("ts", "firstSeen"),
    "te": ("te", "lastSeen"),
    "td": ("td", "duration"),
    "source": ("sa", "srcAddr"),
    "destination": ("da", "dstAddr"),
    "sport": ("sp", "srcPort"),
    "dport": ("dp", "dstPort"),
    "protocol": ("pr", "proto"),
    "flags": ("flg", "flags"),
    "packets": ("ipkt", "packets", "inPackets"),
    "bytes": ("ibyt", "bytes", "inBytes"),
    "packets back": ("opkt", "outPackets"),
    "bytes back": ("obyt", "outBytes"),
}
"""What is wanted, and what it is called: by nfdump up to 1.7.2, and later."""
_NEEDED: Final = (
    "ts",
    "source",
    "destination",
    "sport",
    "dport",
    "protocol",
    "packets",
    "bytes",
)
_PROTOCOLS: Final = {
    "TCP": TCP,
    "UDP": UDP,
    "ICMP": 1,
    "IGMP": 2,
    "IPIP": 4,
    "IPV6": 41,
    "RSVP": 46,
    "GRE": 47,
    "ESP": 50,
    "AH": 51,
    "ICMP6": 58,
    "OSPF": 89,
    "PIM": 103,
    "L2TP": 115,
    "SCTP": 132,
}
_UNTOLD: Final = 255
"""A protocol of which only the name stands there."""
_FLAGS: Final = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}
_FIN, _SYN, _RST, _PUSH, _ACK = 1, 2, 4, 8, 16
_SERVICES: Final = (1024, 32_768, 49_152)
"""Ports below which services are, as `nfdump -B` takes them: the one across the border asks."""
_LONGEST: Final = 64
"""Characters of a value: what is read of them is remembered."""
_MOST: Final = 1 << 48
"""A number of packets or bytes that nobody ever counted."""
_at: Final = attrgetter("at")


def is_begun(head: bytes) -> bool:
    """Tell whether a file begins with the names of nfdump's columns."""
    names = head.split(b"\n", 1)[0].decode("ascii", errors="replace").strip().split(",")
    return all(_NAMES[needed][0] in names or _NAMES[needed][1] in names for needed in _NEEDED)


def readings(lines: Iterable[bytes]) -> Readings:
    """Read a file."""
    table = (line.decode("ascii", errors="replace").rstrip("\r\n").split(",") for line in lines)
    places = _places([name.strip() for name in next(table)])
    flows = Flows()
    held: list[Part] = []
    last = 0.0
    while some := list(islice(table, LINES)):
        census: Counter[str] = Counter(frames=len(some))
        held += [part for row in some if (part := _part(row, places, census))]
        if len(held) > HELD:
            last = max(last, _join(flows, held, HELD // 2))
        yield _reading(flows, last - SLACK, last - SLACK, census)
    last = max(last, _join(flows, held, len(held)))
    yield _reading(flows, last, float("inf"), Counter())


def _join(flows: Flows, held: list[Part], many: int) -> float:
    """Take the earliest of the records that are held; return when the last of them began."""
    held.sort(key=_at)
    ready = _directed(held[:many])
    del held[:many]
    for part in ready:
        flows.join(part)
    return ready[-1].at if ready else 0.0


def _directed(parts: list[Part]) -> list[Part]:
    """Turn the records so that the sender of each is who began."""
    ends: defaultdict[tuple[int, bytes], list[Part]] = defaultdict(list)
    for part in parts:
        ends[part.protocol, min(part.ends, reversed_ends(part.ends))].append(part)
    source = {key: _source(both) for key, both in ends.items()}
    return [
        part
        if part.ends == source[part.protocol, min(part.ends, reversed_ends(part.ends))]
        else _turned(part)
        for part in parts
    ]


def _source(parts: list[Part]) -> bytes:
    """Tell by the records of both directions who began: the ends as that one writes them."""
    for part in parts:
        if part.flags & (_SYN | _ACK) == _SYN:
            return part.ends
        if part.answered & (_SYN | _ACK) == _SYN:
            return reversed_ends(part.ends)
    first = min(parts, key=_at)
    if first.protocol in (TCP, UDP):
        source, destination = (int.from_bytes(first.ends[at:][:2], "big") for at in (-4, -2))
        for border in _SERVICES:
            if source < border <= destination:
                return reversed_ends(first.ends)
            if destination < border <= source:
                break
    return first.ends


def _turned(part: Part) -> Part:
    turned = Part(*part.row())
    turned.ends = reversed_ends(part.ends)
    turned.flags, turned.answered = part.answered, part.flags
    return turned


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
    if len(row) <= max(places.values()) or row[places["ts"]].strip() in _NAMES["ts"]:
        census["lines_odd"] += row != [""]
        return None
    told = {wanted: row[place].strip() for wanted, place in places.items()}
    try:
        return _told(told)
    except (ValueError, OverflowError):
        census["damaged"] += 1
        return None


def _told(told: dict[str, str]) -> Part:
    if max(map(len, told.values())) > _LONGEST:
        raise ValueError
    protocol = _protocol(told["protocol"])
    ends = _packed(told["source"]) + _packed(told["destination"])
    if len(ends) not in (8, 32):  # of two families
        raise ValueError
    if protocol in (TCP, UDP):
        ends += _port(told["sport"]) + _port(told["dport"])
    begun = _moment(told["ts"])
    ended = _moment(told["te"]) if "te" in told else begun + float(told.get("td", 0))
    if not is_possible(begun) or not is_possible(ended):
        raise ValueError
    flags = _flags(told.get("flags", ""))
    back = _count(told.get("packets back", "0"))
    part = Part(ends, protocol, begun, max(begun, ended), -1)
    part.packets = _count(told["packets"]) + back
    part.octets = _count(told["bytes"]) + _count(told.get("bytes back", "0"))
    part.flags = flags
    if back:
        part.answered = _answered(flags, part.packets - back)
    return part


def _answered(flags: int, packets: int) -> int:
    """Tell what the other side sent of a connection that nfdump has joined (-b).

    The flags are those of the record's own sender, in some versions of both: then a single packet
    cannot have carried them all.
    """
    if flags & _SYN:
        is_taken = flags & _ACK and not (flags & _RST and packets == 1)
        return _SYN | _ACK if is_taken else _RST
    is_refusal = flags & _RST and not flags & (_PUSH | _FIN)
    return _SYN if is_refusal else flags


def _reading(flows: Flows, until: float, ended: float, census: Counter[str]) -> Reading:
    contacts = sorted(flows.contacts, key=_at)
    flows.contacts.clear()
    census.update(count(contacts))
    return Reading(until, [], contacts, _without_payload(flows.sweep(ended)), census)


def _without_payload(flows: Iterator[Flow]) -> list[Flow]:
    """Leave the payload open, of which records do not tell."""
    return [replace(flow, payload=None) for flow in flows]


def _protocol(text: str) -> int:
    known = _PROTOCOLS.get(text.upper())
    if known is not None:
        return known
    number = int(text) if text.isdecimal() else _UNTOLD
    if number > 255:
        raise ValueError
    return number


def _flags(text: str) -> int:
    """Read TCP flags: letters, or a number as older versions and exporters write it."""
    if text[:2].lower() == "0x":
        return int(text[2:].replace(" ", "0"), 16) & 0xFF
    if text.isdecimal():
        return int(text) & 0xFF
    return sum(bit for letter, bit in _FLAGS.items() if letter in text.upper())


def _port(text: str) -> bytes:
    return int(float(text)).to_bytes(2, "big")  # of ICMP: type and code, as 8.0


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number < _MOST:
        raise ValueError
    return number


@lru_cache(100_000)
def _packed(text: str) -> bytes:
    return addresses.read(text).packed


@lru_cache(10_000)
def _moment(text: str) -> float:
    """Read a time: in local time, or Unix seconds."""
    if text.replace(".", "").isdecimal():
        return float(text)
    return datetime.fromisoformat(text).astimezone().timestamp()
