"""Assembly: what was found in the chunks of a capture, put together in the order of the capture.

What one chunk leaves open is closed here: queries whose response stands in the next chunk, flows
that go on, fragments, and DNS over TCP, which needs all segments in one place.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from operator import attrgetter, itemgetter
from typing import Any, BinaryIO, Final

from dnswatch.model.flow import Contact, Flow
from dnswatch.sources.capture.chunk import Chunk
from dnswatch.sources.capture.dissection import Dissector, dissect, is_dns
from dnswatch.sources.capture.flows import Part
from dnswatch.sources.capture.fragments import Fragments
from dnswatch.sources.capture.ip import UDP
from dnswatch.sources.capture.pieces import Dissected, Scrap, Segment, decode
from dnswatch.sources.capture.streams import StreamMessage, Streams
from dnswatch.sources.crew import Crew
from dnswatch.sources.reading import Reading, Readings, count
from dnswatch.sources.unmatched import StrayResponse

SLACK: Final = 1.0
"""Seconds by which packets may stand in the wrong order: several queues of a card, merged files."""

SWEEP: Final = 60.0
"""Seconds of the capture between two looks for flows that have ended."""

Chunks = Callable[[BinaryIO, str], Iterable[Chunk]]

_at: Final = attrgetter("at")


def readings(file: BinaryIO, crew: Crew, chunks: Chunks, path: str = "") -> Readings:
    """Read a capture, with all hands; at `path` they find for themselves what there is in it."""
    assembly = Assembly()
    damage: list[Chunk] = []
    if crew.workers == 1:
        path = ""
    for found in crew.map(dissect, _noted(chunks(file, path), damage)):
        yield assembly.take(decode(found), damage.pop(0))
    yield assembly.finish()


def _noted(chunks: Iterable[Chunk], noted: list[Chunk]) -> Iterable[Chunk]:
    """Note what is to be said of each chunk beside what is found in it."""
    for chunk in chunks:
        noted.append(chunk._replace(data=b""))
        yield chunk


class Assembly:
    """A capture, as far as it has been read."""

    def __init__(self) -> None:
        """Begin at its beginning."""
        self._dissector = Dissector()
        self._matcher = self._dissector.matcher
        self._fragments = Fragments()
        self._streams = Streams()
        self._last = self._sweep_at = 0.0

    def take(self, found: Dissected, chunk: Chunk) -> Reading:
        """Take what the next chunk holds."""
        self._last = max(self._last, found.last)
        census = Counter(found.census)
        census.update(
            damaged=chunk.damaged, damaged_bytes=chunk.damaged_bytes, cut_off=chunk.is_cut_off
        )
        steps: list[tuple[float, Callable[[Any], None], Any]] = [
            *((one.at, self._matcher.ask, one) for one in found.queries),
            *((one.seen.at, self._respond, one) for one in found.responses),
            *((one.at, self._segment, one) for one in found.segments),
            *((one.at, self._scrap, one) for one in found.scraps),
        ]
        steps.sort(key=itemgetter(0))
        for _, step, one in steps:
            step(one)
        self._hear(self._streams.expire(self._last))
        self._fragments.expire(self._last)
        self._take_stumps()
        oldest = min(self._fragments.oldest, self._streams.oldest)
        self._matcher.expire(min(self._last, oldest))
        for part in found.flows:
            self._dissector.flows.join(Part(*part))
        flows: list[Flow] = []
        if self._last >= self._sweep_at:
            self._sweep_at = self._last + SWEEP
            flows = list(self._dissector.flows.sweep(self._last))
        return self._reading(found, flows, census, min(self._last - SLACK, oldest))

    def finish(self) -> Reading:
        """Close what is open at the end of the capture."""
        self._fragments.close()
        self._take_stumps()
        self._hear(self._streams.close())
        census = Counter(
            fragments_lost=self._fragments.lost,
            streams_broken=self._streams.broken,
            flows_early=self._dissector.flows.early,
        )
        self._matcher.give_up(self._last)
        flows = list(self._dissector.flows.sweep(float("inf")))
        nothing = Dissected(0.0, [], [], [], [], [], [], {})
        return self._reading(nothing, flows, census, self._last)

    def _reading(
        self, found: Dissected, flows: list[Flow], census: Counter[str], until: float
    ) -> Reading:
        """Hand over all that has been found out."""
        self._matcher.lookups += found.lookups
        lookups, matched = self._matcher.take()
        census += self._dissector.census + matched
        self._dissector.census.clear()
        contacts: list[Contact] = sorted(self._dissector.flows.contacts, key=_at)
        self._dissector.flows.contacts.clear()
        census.update(count(contacts))
        return Reading(until, lookups, contacts, flows, census)

    def _respond(self, response: StrayResponse) -> None:
        self._matcher.respond(response.key, response.seen)

    def _segment(self, segment: Segment) -> None:
        key = segment.addresses + segment.ports
        self._hear(self._streams.add(key, segment.seq, segment.flags, segment.payload, segment.at))

    def _hear(self, heard: Iterable[StreamMessage]) -> None:
        for key, at, message in heard:
            self._matcher.hear(at, key[:-4], key[-4:], message)

    def _scrap(self, scrap: Scrap) -> None:
        whole = self._fragments.add(scrap.packet, scrap.offset, scrap.is_last, scrap.part, scrap.at)
        if whole is None:
            return
        with suppress(IndexError):
            self._dissector.payload(
                scrap.at,
                scrap.protocol,
                scrap.addresses,
                whole,
                0,
                len(whole),
                len(whole),
            )
        segments, self._dissector.segments = self._dissector.segments, []
        for segment in segments:
            self._segment(segment)

    def _take_stumps(self) -> None:
        """Hear what the beginning of a message tells, of which the rest never came."""
        stumps, self._fragments.stumps = self._fragments.stumps, []
        for packet, at, beginning in stumps:
            size = 32 if len(packet) > 32 else 8
            ports = beginning[:4]
            if packet[size] == UDP and len(ports) == 4 and is_dns(ports):
                self._matcher.hear(at, packet[:size], ports, beginning[8:])
