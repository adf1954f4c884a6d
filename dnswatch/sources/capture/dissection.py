"""Dissection: all that can be said of one chunk of a capture by itself.

Chunks can be dissected in any order and by any process; `reading` puts what was found together in
the order of the capture.
"""

from collections import Counter
from struct import Struct
from struct import error as struct_error
from typing import Final

from dnswatch.sources.capture import pcap, pcapng, tunnels
from dnswatch.sources.capture.chunk import Chunk
from dnswatch.sources.capture.flows import NO_SEQ, SYN, Flows
from dnswatch.sources.capture.frames import FrameWalk
from dnswatch.sources.capture.ip import TCP, UDP, Packet, packet
from dnswatch.sources.capture.link import NOTHING, find, named
from dnswatch.sources.capture.pieces import Dissected, Scrap, Segment, encode
from dnswatch.sources.census import UNREAD
from dnswatch.sources.matching import Matcher
from dnswatch.sources.moments import LEAP, is_astray, is_possible

_DEEPEST: Final = 4
"""Tunnels within tunnels that are followed."""
_WITH_PORTS: Final = frozenset((33, 132, 136))
"""Protocols besides TCP and UDP whose headers begin with ports: DCCP, SCTP, UDP-Lite."""
_DNS: Final = 53
_ETHERNET: Final = 1
"""The link type that is not only Ethernet's, but what most captures have."""
_SEQ: Final = Struct("!I").unpack_from


class Dissector:
    """Takes packets apart."""

    def __init__(self, *, is_part: bool = False) -> None:
        """Begin with nothing; a part of a capture leaves open what others may close."""
        self.matcher = Matcher(is_part=is_part)
        self.flows = Flows()
        self.segments: list[Segment] = []
        self.scraps: list[Scrap] = []
        self.census: Counter[str] = Counter()
        self.last = 0.0
        self._depth = 0
        "Tunnels that the packet at hand is in."

    def frames(self, chunk: Chunk) -> None:
        """Take the frames of a chunk."""
        data, frames = chunk.data, _frames(chunk)
        count = cut = astray = untimed = 0
        first = -1.0
        while frames.next():
            count += 1
            at, begin, end = frames.at, frames.begin, frames.end
            if at > self.last:
                if at - self.last > LEAP and not _is_believed(at, self.last, frames):
                    astray += 1
                    continue
                self.last = at
            elif at <= 0:
                if at < 0:
                    astray += 1
                    continue
                untimed += 1
                if not self.last and first < 0:
                    first = _first(_frames(chunk))
                at = self.last or first
            try:
                if frames.link != _ETHERNET or not self._is_plain(at, data, begin, end):
                    self._frame(at, frames.link, data[begin:end])
            except (IndexError, struct_error):
                cut += 1
        self.census.update(frames=count, cut=cut, damaged=astray, untimed=untimed)

    def _is_plain(self, at: float, data: bytes, begin: int, end: int) -> bool:
        """Take an Ethernet frame, if it is what nearly all are: IP with nothing special about it.

        The long way, `_frame`, says the same of it.
        """
        ip = begin + 14
        if end < ip + 20:
            return False
        kind = data[begin + 12] << 8 | data[begin + 13]
        if kind == 0x0800:
            if data[ip] != 0x45 or data[ip + 6] & 0xBF or data[ip + 7]:
                return False  # it has options, or is a fragment
            length = data[ip + 2] << 8 | data[ip + 3] or end - ip
            protocol, place, body = data[ip + 9], ip + 12, ip + 20
        elif kind == 0x86DD:
            protocol, body = data[ip + 6], ip + 40
            if data[ip] >> 4 != 6 or end < body or (protocol != TCP and protocol != UDP):
                return False
            length = 40 + (data[ip + 4] << 8 | data[ip + 5])
            if length == 40:
                length = end - ip
            place = ip + 8
        else:
            return False
        stop = ip + length if ip + length < end else end
        if protocol == TCP:  # the ports stand right behind the addresses
            self._segment(at, data[place : body + 4], data, body, stop, length)
        else:
            self.payload(at, protocol, data[place:body], data, body, stop, length)
        return True

    def _frame(self, at: float, link: int, frame: bytes) -> None:
        """Take a frame of any kind."""
        place = find(link)(frame, 0, len(frame))
        found = packet(frame, place, len(frame)) if place >= 0 else None
        if found is not None:
            self._packet(at, found, frame)
        elif name := named(place if place < 0 else NOTHING):
            self.census["unread"] += 1
            self.census[UNREAD + name] += 1
        else:
            self.census["not_ip"] += 1

    def payload(
        self,
        at: float,
        protocol: int,
        addresses: bytes,
        data: bytes,
        body: int,
        stop: int,
        length: int,
    ) -> None:
        """Take what an IP packet carries: it stands in `data` from `body` to `stop`.

        `addresses` are source and destination, `length` is that on the IP layer.  Raises
        `IndexError` where a header is cut off.
        """
        if protocol == TCP:
            self._segment(at, addresses + data[body : body + 4], data, body, stop, length)
        elif protocol == UDP:
            if stop < body + 8:
                raise IndexError
            ports = data[body : body + 4]
            if is_dns(ports):
                self.matcher.hear(at, addresses, ports, data[body + 8 : stop])
            elif not (
                (
                    ports[2:] in tunnels.PORTS
                    or ports[:2] in tunnels.PORTS
                    or data[body + 8 : body + 12] == tunnels.VXLAN
                )
                and self._enter(at, protocol, data, body, stop)
            ):
                self.flows.add(at, protocol, addresses + ports, length, stop - body - 8)
        elif protocol not in tunnels.PROTOCOLS or not self._enter(at, protocol, data, body, stop):
            has_ports = protocol in _WITH_PORTS and body + 4 <= stop
            ends = addresses + data[body : body + 4] if has_ports else addresses
            self.flows.add(at, protocol, ends, length, max(0, stop - body))

    def _segment(
        self, at: float, ends: bytes, data: bytes, body: int, stop: int, length: int
    ) -> None:
        """Take a segment of TCP between two ends: their addresses and ports."""
        if stop < body + 20:
            raise IndexError
        flags, payload = data[body + 13], max(0, stop - body - (data[body + 12] >> 4) * 4)
        ports = ends[-4:]
        for_dns = is_dns(ports)
        seq = _SEQ(data, body + 4)[0] if flags & SYN or for_dns else NO_SEQ
        self.flows.add(at, TCP, ends, length, payload, flags, seq)
        if for_dns:
            part = data[stop - payload : stop]
            self.segments.append(Segment(at, ends[:-4], ports, seq, flags, part))

    def _packet(self, at: float, found: Packet, data: bytes) -> None:
        if found.fragment:
            self._scrap(at, found, data)
        else:
            self.payload(at, found.protocol, found.addresses, data, *found.payload)

    def _enter(self, at: float, protocol: int, data: bytes, body: int, stop: int) -> bool:
        """Take the packet within a tunnel; return whether there is one."""
        try:
            place = tunnels.inner(protocol, data, body, stop)
            found = packet(data, place, stop) if 0 <= place < stop else None
        except (IndexError, struct_error):
            return False
        if found is None or self._depth >= _DEEPEST:
            return False
        self._depth += 1
        try:
            self._packet(at, found, data)
        finally:
            self._depth -= 1
        return True

    def _scrap(self, at: float, found: Packet, data: bytes) -> None:
        assert found.fragment
        self.census["fragments"] += 1
        body, stop, _ = found.payload
        part = data[body : max(body, stop)]
        self.scraps.append(Scrap(at, found.addresses, found.protocol, *found.fragment, part))


def is_dns(ports: bytes) -> bool:
    """Tell whether one of two ports is that of DNS."""
    return (ports[1] == _DNS and not ports[0]) or (ports[3] == _DNS and not ports[2])


def _frames(chunk: Chunk) -> FrameWalk:
    """Return the way through a chunk's frames."""
    return pcap.RecordWalk(chunk) if chunk.kind == "pcap" else pcapng.BlockWalk(chunk)


def _first(frames: FrameWalk) -> float:
    """Return the first time that is told; 0 where none is."""
    while frames.next():
        if is_possible(frames.at):
            return frames.at
    return 0.0


def _is_believed(at: float, last: float, frames: FrameWalk) -> bool:
    """Tell whether the time of the frame at hand, which leaps ahead, is one."""
    return is_possible(at) and not is_astray(at, last, frames.following())


def dissect(chunk: Chunk) -> bytes:
    """Take a chunk apart; what is found is written as one message, for `decode`."""
    dissector = Dissector(is_part=True)
    dissector.frames(chunk._replace(data=chunk.whole()))
    return encode(found(dissector))


def found(dissector: Dissector) -> Dissected:
    """Tell what a dissector has found."""
    matcher = dissector.matcher
    return Dissected(
        dissector.last,
        matcher.lookups,
        matcher.pending(),
        matcher.responses,
        dissector.segments,
        dissector.scraps,
        [part.row() for part in dissector.flows.parts()],
        dissector.census + matcher.counted(),
    )
