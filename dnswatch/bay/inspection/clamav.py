"""ClamAV, by the INSTREAM command of its daemon (clamd(8)).

The connection is read while the message is written: to a message longer than its StreamMaxLength
clamd answers in mid-stream and closes, and the answer would be lost with the connection.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from dnswatch.bay.inspection.content import pieces
from dnswatch.bay.inspection.inspector import Case, Said, UnscannedError
from dnswatch.settings import Daemon

LONGEST: Final = 4096
"""Bytes of an answer; it is a line."""

_TOO_LARGE: Final = "the message is larger than clamd's StreamMaxLength"


class Clamav:
    """A daemon that knows worms by their signatures."""

    name = "clamav"

    def __init__(self, daemon: Daemon) -> None:
        """Say where it listens; nothing is connected yet."""
        self._daemon = daemon

    async def look(self, case: Case) -> Said:
        """Have a message scanned."""
        try:
            reader, writer = await self._connect()
        except OSError as error:
            reason = error.strerror or str(error)
            raise UnscannedError(f"clamd at {self._daemon} is away: {reason}") from error
        sending = asyncio.create_task(_send(case.path, writer))
        try:
            answer = await reader.readuntil(b"\0")
        except asyncio.IncompleteReadError:
            raise UnscannedError("clamd closed the connection without an answer") from None
        except ConnectionError:
            raise UnscannedError(
                f"clamd broke off the connection; most likely {_TOO_LARGE}"
            ) from None
        except asyncio.LimitOverrunError:
            raise UnscannedError("clamd's answer has no end") from None
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
            writer.close()
        return understand(answer.rstrip(b"\0").decode("utf-8", "replace"))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._daemon.path:
            return await asyncio.open_unix_connection(self._daemon.path, limit=LONGEST)
        return await asyncio.open_connection(self._daemon.host, self._daemon.port, limit=LONGEST)


async def _send(path: Path, writer: asyncio.StreamWriter) -> None:
    """Send the file in pieces, each after its length; the reader tells what went wrong."""
    try:
        writer.write(b"zINSTREAM\0")
        async for piece in pieces(path):
            writer.write(len(piece).to_bytes(4, "big") + piece)
            await writer.drain()
        writer.write(bytes(4))
        await writer.drain()
    except ConnectionError:
        pass
    except OSError:  # of the file: clamd would wait for the rest
        writer.close()
        raise


def understand(answer: str) -> Said:
    """Read the daemon's answer, `stream: NAME FOUND` or `stream: OK`."""
    said = answer.removeprefix("stream: ").strip()
    name = said.removesuffix(" FOUND")
    if said == "OK":
        return "clean", "ClamAV knows nothing of it"
    if name == said:
        too_large = said.startswith("INSTREAM size limit exceeded")
        raise UnscannedError(_TOO_LARGE if too_large else f"clamd says: {_plain(said)}")
    if name.startswith("Heuristics.Limits.Exceeded"):
        raise UnscannedError(f"ClamAV stopped at its own limits: {_plain(name)}")
    if name.startswith(("Heuristics.", "PUA.")):
        return "suspicious", f"ClamAV guesses {_plain(name)}"
    return "worm", f"ClamAV knows it: {_plain(name)}"


def _plain(text: str) -> str:
    return "".join(one for one in text[:200] if one.isprintable())
