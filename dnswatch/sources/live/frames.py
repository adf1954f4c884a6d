"""Frame Streams as a resolver speaks it on a connection, in one direction or in both.

https://farsightsec.github.io/fstrm: a sender that wants to be answered begins with READY, is told
ACCEPT, and goes on with START; one that writes only begins with START.  The end is STOP, to which
FINISH is the answer.

Rules of this file: no socket; bytes go in, frames and bytes to send come out.  A connection loses
nothing on the way, so what is no frame is no damage but another protocol: it ends the connection.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Final

from dnswatch.errors import SourceError
from dnswatch.sources.dnstap import CONTENT, Frames

LONGEST: Final = 512
"""Bytes of a control frame (FSTRM_CONTROL_FRAME_LENGTH_MAX)."""

_ACCEPT, _START, _STOP, _READY, _FINISH = 1, 2, 3, 4, 5
_CONTENT_TYPE: Final = 1
_TWO: Final = Struct("!II")


class Sender:
    """What one sender says."""

    def __init__(self) -> None:
        """Wait for its first word."""
        self.frames = _LiveFrames()
        self.reply = b""
        "What it is to be sent; whoever sends it empties it."
        self._rest = b""
        self._has_begun = False
        self._is_answered = False

    @property
    def is_over(self) -> bool:
        """Whether it said that it ends."""
        return self.frames.is_ended

    def take(self, data: bytes) -> Iterator[bytes]:
        """Take what came; yield the frames that are whole.

        Raises `SourceError` where that is no Frame Streams, or not of dnstap.
        """
        if self.frames.is_ended:
            return
        data = self._rest + data
        if not self._has_begun:
            data = self._begin(data)
        if self._has_begun:
            yield from self.frames.whole(data)
            data = data[self.frames.passed :]
            if self.is_over and self._is_answered:
                self.reply += _control(_FINISH)
        self._rest = data

    def _begin(self, data: bytes) -> bytes:
        """Read what comes before the first frame; return what is left."""
        while not self._has_begun and len(data) >= _TWO.size + 4:
            escape, length = _TWO.unpack_from(data)
            if escape or not 4 <= length <= LONGEST:
                raise SourceError("whoever connected does not speak Frame Streams")
            end = _TWO.size + length
            if len(data) < end:
                break
            kind = int.from_bytes(data[8:12], "big")
            offered = list(_content_types(data[12:end]))
            if kind not in (_READY, _START) or (offered and CONTENT not in offered):
                raise SourceError("whoever connected does not send dnstap")
            if kind == _READY:
                self._is_answered = True
                field = _TWO.pack(_CONTENT_TYPE, len(CONTENT)) + CONTENT
                self.reply += _control(_ACCEPT, field)
            self._has_begun = kind == _START
            data = data[end:]
        return data


class _LiveFrames(Frames):
    """The frames of a connection: behind one that is none nothing is searched."""

    def find(self, data: bytes, begin: int) -> int:
        raise SourceError("whoever connected sent what is no frame of dnstap")


def _control(kind: int, fields: bytes = b"") -> bytes:
    return _TWO.pack(0, 4 + len(fields)) + kind.to_bytes(4, "big") + fields


def _content_types(fields: bytes) -> Iterator[bytes]:
    at = 0
    while at + _TWO.size <= len(fields):
        kind, length = _TWO.unpack_from(fields, at)
        at += _TWO.size + length
        if kind == _CONTENT_TYPE:
            yield fields[at - length : at]
