"""Flows: packets become connections and conversations, without a word of what they carry.

`Flows` takes packets, or parts of flows that another `Flows` has made of an earlier or a later
piece of the same capture (`Part`).  Cut anywhere, a capture gives the same flows; but for a
connection that ends at a cut, its FINs on either side or all of its end before it, and which goes
on without a SYN after a pause of more than `LINGER`: it is one flow then instead of two.

Rules of this file: a flow ends with its connection, or after silence; a SYN with another sequence
number begins a new one.  Where a flow begins with a SYN-ACK, its source is whom that was sent to.
"""

from collections.abc import Iterator
from typing import Final

from dnswatch.model.flow import Contact, Flow, Outcome
from dnswatch.sources.capture.ip import TCP
from dnswatch.sources.capture.pieces import PartRow

IDLE: Final = 60.0
"""Seconds of silence that end a conversation without connection."""
IDLE_TCP: Final = 600.0
"""Seconds for TCP: SMTP's longest wait, for the end of a mail (RFC 5321 section 4.5.3.2.6)."""
LINGER: Final = 10.0
"""Seconds in which packets still come of a connection that has ended."""
FLOWS: Final = 200_000
"""Flows that go on at a time; beyond, the one begun first ends early.  Some 200 MB."""

SYN: Final = 2
NO_SEQ: Final = -1
"""Where a packet does not begin a connection: then its sequence number tells nothing."""
_FIN: Final = 1
_RST: Final = 4
_ACK: Final = 16


class Part:
    """A flow as far as it has been seen."""

    __slots__ = (
        "answered",
        "at",
        "ended",
        "ends",
        "flags",
        "octets",
        "packets",
        "protocol",
        "received",
        "sent",
        "seq",
    )

    ends: bytes
    "Addresses of source and destination, and their ports where the protocol has any."
    protocol: int
    at: float
    ended: float
    seq: int
    "Sequence number of the SYN it began with; -1 where that was not seen."
    packets: int
    octets: int
    "Bytes on the IP layer."
    sent: int
    "Payload from the source, bytes."
    received: int
    flags: int
    "TCP flags that the source sent, joined; `answered` those of the destination."
    answered: int

    def __init__(
        self,
        ends: bytes,
        protocol: int,
        at: float,
        ended: float,
        seq: int = NO_SEQ,
        counted: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0),
    ) -> None:
        """Begin a flow, or go on with one that was told as a row."""
        self.ends, self.protocol, self.at, self.ended, self.seq = ends, protocol, at, ended, seq
        self.packets, self.octets, self.sent, self.received, self.flags, self.answered = counted

    def row(self) -> PartRow:
        """Tell it to another process."""
        counted = self.packets, self.octets, self.sent, self.received, self.flags, self.answered
        return self.ends, self.protocol, self.at, self.ended, self.seq, counted


class Flows:
    """The flows that go on."""

    def __init__(self) -> None:
        """Begin with none."""
        self.contacts: list[Contact] = []
        "Beginnings of flows; whoever takes them empties it."
        self.early = 0
        "Flows ended early for want of room."
        self._tables: dict[int, dict[bytes, tuple[Part, bool]]] = {}
        "By protocol: ends, as the source and as the destination would write them."
        self._ended: list[Part] = []

    def add(
        self,
        at: float,
        protocol: int,
        ends: bytes,
        length: int,
        payload: int,
        flags: int = 0,
        seq: int = NO_SEQ,
    ) -> None:
        """Take a packet: its length and payload, in bytes; of TCP its flags and sequence number."""
        table = self._tables.get(protocol)
        entry = None if table is None else table.get(ends)
        if entry is not None:
            if flags & (SYN | _ACK) == SYN:
                if not entry[1] or entry[0].seq != seq:
                    entry = None
            elif at - entry[0].ended > LINGER and _is_over(entry[0], at):
                entry = None
        if entry is None:
            entry = self._begin(at, protocol, ends, flags, seq)
        part, is_source = entry
        part.packets += 1
        part.octets += length
        if at > part.ended:
            part.ended = at
        if is_source:
            part.sent += payload
            part.flags |= flags
        else:
            part.received += payload
            part.answered |= flags

    def join(self, later: Part) -> None:
        """Take a part that another piece of the capture gave."""
        entry = self._tables.setdefault(later.protocol, {}).get(later.ends)
        if entry is None or not _continues(*entry, later):
            self._enter(later)
            return
        part, is_source = entry
        part.packets += later.packets
        part.octets += later.octets
        part.ended = max(part.ended, later.ended)
        if is_source:
            part.sent += later.sent
            part.flags |= later.flags
            part.received += later.received
            part.answered |= later.answered
        else:
            part.sent += later.received
            part.flags |= later.answered
            part.received += later.sent
            part.answered |= later.flags

    def sweep(self, now: float) -> Iterator[Flow]:
        """Take the flows that have ended by `now`."""
        for part in self._going_on():
            if _is_over(part, now):
                self._end(part)
        yield from map(_flow, self._ended)
        self._ended.clear()

    def parts(self) -> list[Part]:
        """Take all flows as they are, those of the same ends in order of time."""
        parts = self._ended + self._going_on()
        self._ended = []
        self._tables.clear()
        return parts

    def _going_on(self) -> list[Part]:
        tables = self._tables.values()
        return [part for table in tables for part, is_source in table.values() if is_source]

    def _begin(
        self, at: float, protocol: int, ends: bytes, flags: int, seq: int
    ) -> tuple[Part, bool]:
        is_answer = flags & (SYN | _ACK) == SYN | _ACK
        part = Part(
            reversed_ends(ends) if is_answer else ends,
            protocol,
            at,
            at,
            seq if flags & (SYN | _ACK) == SYN else NO_SEQ,
        )
        self._enter(part)
        return part, not is_answer

    def _enter(self, part: Part) -> None:
        table = self._tables.setdefault(part.protocol, {})
        earlier = table.get(part.ends)
        if earlier is not None:
            self._end(earlier[0])
        table[reversed_ends(part.ends)] = part, False
        table[part.ends] = part, True
        self.contacts.append(Contact(part.at, *_told(part)))
        if len(table) > 2 * FLOWS:
            self.early += 1
            self._end(next(iter(table.values()))[0])

    def _end(self, part: Part) -> None:
        table = self._tables[part.protocol]
        table.pop(reversed_ends(part.ends), None)
        table.pop(part.ends, None)
        self._ended.append(part)


def reversed_ends(ends: bytes) -> bytes:
    """Write the ends as the other side would."""
    size = _address_size(ends)
    ports = ends[2 * size :]
    return ends[size : 2 * size] + ends[:size] + ports[2:] + ports[:2]


def _address_size(ends: bytes) -> int:
    return 16 if len(ends) >= 32 else 4


def _told(part: Part) -> tuple[bytes, bytes, int, int | None]:
    """Return source, destination, protocol and destination port."""
    size, ends = _address_size(part.ends), part.ends
    port = int.from_bytes(ends[-2:], "big") if len(ends) > 2 * size else None
    return ends[:size], ends[size : 2 * size], part.protocol, port


def _is_over(part: Part, now: float) -> bool:
    return now - part.ended > _patience(part)


def _patience(part: Part) -> float:
    """Seconds of silence that end a flow."""
    if part.protocol != TCP:
        return IDLE
    is_closed = part.flags & part.answered & _FIN or (part.flags | part.answered) & _RST
    return LINGER if is_closed else IDLE_TCP


def _continues(part: Part, is_source: bool, later: Part) -> bool:
    if later.seq != NO_SEQ:
        return is_source and later.seq == part.seq
    return not _is_over(part, later.at)


def _flow(part: Part) -> Flow:
    return Flow(
        part.at, *_told(part), _outcome(part), part.ended, part.packets, part.octets, part.sent
    )


def _outcome(part: Part) -> Outcome:
    """Tell by the handshake what became of a connection."""
    if part.protocol != TCP:
        return Outcome.UNKNOWN
    if part.answered & SYN:
        return Outcome.SUCCESS
    if not part.flags & SYN:
        return Outcome.UNKNOWN
    # Where only one side was seen, its acknowledgements tell of the other.
    is_taken = part.flags & _ACK if not part.answered else not part.answered & _RST
    return Outcome.SUCCESS if is_taken else Outcome.FAILURE
