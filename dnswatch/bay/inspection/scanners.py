"""Scanners: inspectors that ask another process, clamd or rspamd.

A message is read in pieces, off the event loop.  clamd is asked by INSTREAM (clamd(8)), and its
connection is read while the message is written: to a message longer than its StreamMaxLength it
answers in mid-stream and closes, and the answer would be lost with the connection.

Rspamd is asked over HTTP (`POST /checkv2`).  The client's address is told only along with an ID of
rspamd's settings for outbound mail: without such settings its block lists would judge a private
address, or one of a dial-up network.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import msgspec

from dnswatch.bay.inspection.opinions import Inspected, Said, UnscannedError
from dnswatch.bay.record import Envelope
from dnswatch.settings import Daemon, Url

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


LONGEST_REPLY: Final = 4096
"""Bytes of an answer; it is a line."""

_TOO_LARGE: Final = "the message is larger than clamd's StreamMaxLength"


class Clamav:
    """A daemon that knows worms by their signatures."""

    name = "clamav"

    def __init__(self, daemon: Daemon) -> None:
        """Say where it listens; nothing is connected yet."""
        self._daemon = daemon

    async def look(self, case: Inspected) -> Said:
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
        return understand_clamd(answer.rstrip(b"\0").decode("utf-8", "replace"))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._daemon.path:
            return await asyncio.open_unix_connection(self._daemon.path, limit=LONGEST_REPLY)
        return await asyncio.open_connection(
            self._daemon.host, self._daemon.port, limit=LONGEST_REPLY
        )


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


def understand_clamd(answer: str) -> Said:
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


LONGEST: Final = 1_000_000
"""Bytes of an answer; a message with thousands of links makes 100,000."""

SYMBOLS: Final = 5
"""Symbols that are told, those that weigh most."""


class Symbol(msgspec.Struct, frozen=True):
    """A thing that rspamd found."""

    score: float = 0.0


class RspamdAnswer(msgspec.Struct, frozen=True):
    """What rspamd says."""

    action: str
    score: float
    required_score: float
    symbols: dict[str, Symbol] = {}
    is_skipped: bool = False


class Rspamd:
    """A daemon that weighs what spam looks like."""

    name = "rspamd"

    def __init__(self, url: Url, settings: str) -> None:
        """Say where it is, and which of its settings it shall judge by; empty for the usual."""
        self._url = url
        self._settings = settings
        # Whoever asks for an opinion has a time-out.
        self._client = httpx2.AsyncClient(timeout=None, trust_env=False)

    async def look(self, case: Inspected) -> Said:
        """Have a message judged."""
        headers = _headers(case.envelope, self._settings)
        try:
            async with self._client.stream(
                "POST", f"{self._url}/checkv2", content=pieces(case.path), headers=headers
            ) as response:
                status, body = response.status_code, await _bounded(response)
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise UnscannedError(f"rspamd at {self._url} is away: {reason}") from error
        if status != httpx2.codes.OK:
            raise UnscannedError(f"rspamd at {self._url} answered with HTTP status {status}")
        try:
            return understand_rspamd(msgspec.json.decode(body, type=RspamdAnswer))
        except msgspec.MsgspecError as error:
            raise UnscannedError(f"rspamd's answer cannot be read: {error}") from None

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()


def understand_rspamd(answer: RspamdAnswer) -> Said:
    """Read its action: what mail from outside would meet with."""
    if answer.is_skipped:
        raise UnscannedError("rspamd skips this message, by its own settings")
    heavy = sorted(answer.symbols.items(), key=lambda item: -item[1].score)[:SYMBOLS]
    listed = ", ".join(name[:60] for name, symbol in heavy if symbol.score > 0)
    reason = (
        f"rspamd says '{answer.action[:60]}' at {answer.score:.1f}"
        f" of {answer.required_score:.1f}{': ' * bool(listed)}{listed}"
    )
    match answer.action:
        case "no action":
            return "clean", reason
        case "reject":
            return "worm", reason
    return "suspicious", reason


def _headers(envelope: Envelope, settings: str) -> list[tuple[bytes, bytes]]:
    """Tell the envelope, but nothing that could begin another header."""
    said = [
        ("Content-Length", str(envelope.size)),
        ("Queue-Id", envelope.ident),
        ("Helo", envelope.helo),
        ("From", envelope.sender),
        *(("Rcpt", recipient) for recipient in envelope.recipients),
    ]
    if settings:
        said.append(("Settings-ID", settings))
    if settings and envelope.client:  # a record has none where the site writes pseudonyms
        said.append(("IP", envelope.client))
    return [
        (name.encode(), "".join(one for one in value if one.isprintable()).encode())
        for name, value in said
    ]


async def _bounded(response: httpx2.Response) -> bytes:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LONGEST:
            raise UnscannedError(f"rspamd's answer is longer than {LONGEST:,} bytes")
    return body
