"""Batches: what a worker and the watch tell each other, as messages on a Unix seqpacket socket.

The supervisor keeps both ends open, so a process that dies and comes back finds the messages that
waited for it.  One message is one msgpack value of at most `MAX_MESSAGE` bytes.
"""

from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from dnswatch.model.exchanges import Lessons
from dnswatch.model.health import HealthReport
from dnswatch.model.observation import Observation, Tally
from dnswatch.model.policies.mark import Doubts, Mark, Marks

__all__ = [
    "MAX_MESSAGE",
    "STARTED",
    "Batch",
    "Briefing",
    "Doubts",
    "HealthReport",
    "Lessons",
    "Mark",
    "Marks",
    "brief",
    "decode",
    "decode_briefing",
    "encode",
    "encode_briefing",
]

T = TypeVar("T")
U = TypeVar("U")

MAX_MESSAGE: Final = 100_000
"""Bytes: two of them fit into the socket buffer that Linux grants without privilege (208 KiB)."""

STARTED: Final = "worker_started"
"""Counter in the first batch of a worker's life: it knows nothing, so the watch briefs it."""

PART: Final = 200
"""Names, or marks, of a sort in one briefing: 110 kB at most, 10 kB as names go."""

MARKED: Final = 40
"""Clients whose marks stand in one briefing: each names up to two kilobytes of web sites."""


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """What a vantage point saw up to `until`; the line it comes by tells whose it is."""

    until: float
    "No observation will come from there with an earlier time, Unix seconds."
    observations: list[Observation] = []
    "In order of time."
    tallies: list[Tally] = []
    "What came since the last batch, all at `until`."
    counters: dict[str, int] = {}
    "Increments of its counters since the last batch, by the names in `dnswatch status`."
    health: list[HealthReport] = []
    number: int = 0
    "Of this batch in its sender's life, so that no two messages are alike."


class Briefing(msgspec.Struct, frozen=True, array_like=True):
    """What the watch tells a worker."""

    lessons: Lessons = Lessons()
    marks: Marks | None = None
    "None says nothing of marks."
    doubts: Doubts | None = None
    "None says nothing of suspects."


_encoder = msgspec.msgpack.Encoder()
_batches = msgspec.msgpack.Decoder(Batch)
_briefings = msgspec.msgpack.Decoder(Briefing)


def encode(batch: Batch) -> Iterator[bytes]:
    """Write a batch as one message, or as several where it is too long for one."""
    message = _encoder.encode(batch)
    if len(message) <= MAX_MESSAGE or len(batch.observations) + len(batch.tallies) < 2:
        yield message
        return
    cut, notch = (len(batch.observations) + 1) // 2, (len(batch.tallies) + 1) // 2
    earlier, later = batch.observations[:cut], batch.observations[cut:]
    until = later[0].at if later else batch.until
    yield from encode(Batch(until, earlier, batch.tallies[:notch], number=batch.number))
    yield from encode(replace(batch, observations=later, tallies=batch.tallies[notch:]))


def decode(message: bytes) -> Batch:
    """Read a batch; raises `ValueError` on anything else."""
    return _batches.decode(message)


def brief(
    lessons: Lessons, marks: Marks | None = None, doubts: Doubts | None = None
) -> Iterator[Briefing]:
    """Divide what is to be told into briefings that are short enough; none for nothing.

    What is said of one client's marks stays together, and `whole` is said in the first part only.
    """
    for names in _parts(lessons.exchanges, lessons.domains):
        yield Briefing(Lessons(*names))
    if doubts is not None:
        parts = list(_parts(doubts.suspects, doubts.cleared)) or [([], [])]
        for place, (suspects, cleared) in enumerate(parts):
            yield Briefing(doubts=Doubts(suspects, cleared, doubts.whole and not place))
    if marks is None:
        return
    clients = list(dict.fromkeys(mark.client for mark in marks.marks))
    if marks.whole and not clients and not marks.unmarked:
        yield Briefing(marks=marks)
    for place, (some, gone) in enumerate(_parts(clients, marks.unmarked, MARKED)):
        theirs = frozenset(some)
        news = [mark for mark in marks.marks if mark.client in theirs]
        yield Briefing(marks=Marks(news, gone, marks.whole and not place))


def _parts(first: list[T], second: list[U], part: int = PART) -> Iterator[tuple[list[T], list[U]]]:
    """Divide two lists in step."""
    for start in range(0, max(len(first), len(second)), part):
        yield first[start : start + part], second[start : start + part]


def encode_briefing(briefing: Briefing) -> bytes:
    """Write a briefing as one message; `brief` keeps it short."""
    return _encoder.encode(briefing)


def decode_briefing(message: bytes) -> Briefing:
    """Read a briefing; raises `ValueError` on anything else."""
    return _briefings.decode(message)
