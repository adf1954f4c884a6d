"""Batches: what a worker tells the watch, a few times a second, over a Unix stream socket.

A frame is four bytes of length (network order) and one msgpack value, a `Batch`.
"""

import struct
from typing import Final

import msgspec

from dnswatch.model.observation import Observation, Tally

MAX_FRAME: Final = 64 << 20
"""Longest frame believed, in bytes: a worker's full backlog is well below."""

_LENGTH = struct.Struct("!I")


class Health(msgspec.Struct, frozen=True, array_like=True):
    """How one upstream does, as one worker sees it."""

    upstream: str
    "Its URL, as configured."
    up: bool
    rtt: float
    "Smoothed round-trip time, seconds; 0 before the first response."
    answers: int
    "Responses since the last batch."
    failures: int
    "Time-outs, refusals and broken responses since the last batch."


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """What one worker saw up to `until`."""

    worker: int
    until: float
    "No observation of this worker will come with an earlier time, Unix seconds."
    observations: list[Observation] = []
    tallies: list[Tally] = []
    counters: dict[str, int] = {}
    "Increments of the worker's counters since the last batch; names in `docs/reference.md`."
    health: list[Health] = []


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Batch)


def encode(batch: Batch) -> bytes:
    """Frame a batch."""
    body = _encoder.encode(batch)
    return _LENGTH.pack(len(body)) + body


class Frames:
    """Cuts a byte stream into batches."""

    def __init__(self) -> None:
        """Start at a frame's beginning."""
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Batch]:
        """Add bytes; return the batches that are whole now.

        Raises `ValueError` where the stream is no stream of batches: drop the connection.
        """
        self._pending += data
        batches = []
        while len(self._pending) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._pending)
            if length > MAX_FRAME:
                raise ValueError(f"a frame of {length} bytes is longer than {MAX_FRAME}")
            end = _LENGTH.size + length
            if len(self._pending) < end:
                break
            batches.append(_decoder.decode(memoryview(self._pending)[_LENGTH.size : end]))
            del self._pending[:end]
        return batches
