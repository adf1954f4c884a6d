"""The content of a message on its way to a scanner: read in pieces, off the event loop."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

PIECE: Final = 1 << 18
"""Bytes of a piece."""


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """Read a file, never the whole at once."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        file.close()
