"""Batches: what a worker and the watch tell each other, as messages on a Unix seqpacket socket.

The supervisor keeps both ends open, so a process that dies and comes back finds the messages that
waited for it.  One message is one msgpack value of at most `MAX_MESSAGE` bytes.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from dnswatch.model.exchanges import Lessons
from dnswatch.model.health import Health
from dnswatch.model.observation import Observation, Tally

__all__ = [
    "MAX_MESSAGE", "STARTED", "Batch", "Health", "Lessons", "decode", "decode_lessons", "encode",
    "encode_lessons",
]  # fmt: skip

MAX_MESSAGE: Final = 100_000
"""Bytes: two of them fit into the socket buffer that Linux grants without privilege (208 KiB)."""

STARTED: Final = "worker_started"
"""Counter in the first batch of a worker's life: it knows no exchanges, so the watch teaches it."""


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """What one worker saw up to `until`."""

    worker: int
    "Its number, from 0."
    until: float
    "No observation of this worker will come with an earlier time, Unix seconds."
    observations: list[Observation] = []
    "In order of time."
    tallies: list[Tally] = []
    "What came since the last batch, all at `until`."
    counters: dict[str, int] = {}
    "Increments of the worker's counters since the last batch; names in `docs/reference.md`."
    health: list[Health] = []


_encoder = msgspec.msgpack.Encoder()
_batches = msgspec.msgpack.Decoder(Batch)
_lessons = msgspec.msgpack.Decoder(Lessons)


def encode(batch: Batch) -> Iterator[bytes]:
    """Write a batch as one message, or as several where it is too long for one."""
    message = _encoder.encode(batch)
    if len(message) <= MAX_MESSAGE or len(batch.observations) + len(batch.tallies) < 2:
        yield message
        return
    cut, notch = (len(batch.observations) + 1) // 2, (len(batch.tallies) + 1) // 2
    earlier, later = batch.observations[:cut], batch.observations[cut:]
    until = later[0].at if later else batch.until
    yield from encode(Batch(batch.worker, until, earlier, batch.tallies[:notch]))
    yield from encode(
        Batch(batch.worker, batch.until, later, batch.tallies[notch:], batch.counters, batch.health)
    )


def decode(message: bytes) -> Batch:
    """Read a batch; raises `ValueError` on anything else."""
    return _batches.decode(message)


def encode_lessons(lessons: Lessons) -> bytes:
    """Write lessons as one message; the caller keeps them few."""
    return _encoder.encode(lessons)


def decode_lessons(message: bytes) -> Lessons:
    """Read lessons; raises `ValueError` on anything else."""
    return _lessons.decode(message)
