"""The transfer: a message goes from the connection to the spool, piece by piece."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dnswatch.bay.room import Claim
from dnswatch.bay.smtp.content import Content
from dnswatch.bay.spool import Draft
from dnswatch.bay.trace import Trace
from dnswatch.errors import SpoolError

_END: Final = b"\r\n.\r\n"
_PATIENCE: Final = 2
"""A message that is too long is read to its end, up to so many times what it may have."""


@dataclass(slots=True)
class Transfer:
    """How a message came over."""

    has_bare_newlines: bool = False
    is_ambiguous: bool = False
    "What is one message to us could be two to another server."
    is_too_long: bool = False
    is_endless: bool = False
    "Its end was not waited for."
    is_circle: bool = False
    "It has passed too many servers."
    trouble: SpoolError | None = None
    "Why the spool did not take it."


async def receive(
    reader: asyncio.StreamReader,
    draft: Draft,
    limit: int,
    claim: Claim,
    trace: Trace,
    heard: Callable[[], None],
) -> Transfer:
    """Read a message of up to `limit` bytes into `draft`; call `heard` whenever something came."""
    content, transfer, size = Content(), Transfer(), 0
    # The line end of the DATA command, so that a message without lines ends like any other.
    reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]
    is_last = False
    while not is_last:
        try:
            piece, is_last = await reader.readuntil(_END), True
        except asyncio.LimitOverrunError as over:
            piece = await reader.readexactly(over.consumed)
        heard()
        size += len(piece)
        text = content.feed(piece.removesuffix(b".\r\n") if is_last else piece)
        if is_last:
            text += content.finish()
        transfer.is_too_long |= draft.size + len(text) > limit
        if size > _PATIENCE * limit + len(_END):
            transfer.is_endless = True
            break
        trace.feed(text)
        _write(draft, claim, text, transfer)
    transfer.has_bare_newlines = content.has_bare_newlines
    transfer.is_circle = trace.is_circle()
    transfer.is_ambiguous = content.has_lone_dot
    return transfer


def _write(draft: Draft, claim: Claim, text: bytes, transfer: Transfer) -> None:
    if transfer.is_too_long or transfer.trouble:
        return
    try:
        if not claim.write(len(text)):
            raise SpoolError("the rest of its disk is not for mail (bay.limits.room)", full=True)
        draft.write(text)
    except SpoolError as error:
        transfer.trouble = error
