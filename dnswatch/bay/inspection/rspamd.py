"""Rspamd, over its HTTP protocol (`POST /checkv2`).

The client's address is told only along with an ID of rspamd's settings for outbound mail: without
such settings its block lists would judge a private address, or one of a dial-up network.
"""

from typing import Final

import httpx2
import msgspec

from dnswatch.bay.inspection.content import pieces
from dnswatch.bay.inspection.inspector import Case, Said, UnscannedError
from dnswatch.bay.record import Envelope
from dnswatch.settings import Url

LONGEST: Final = 1_000_000
"""Bytes of an answer; a message with thousands of links makes 100,000."""

SYMBOLS: Final = 5
"""Symbols that are told, those that weigh most."""


class Symbol(msgspec.Struct, frozen=True):
    """A thing that rspamd found."""

    score: float = 0.0


class Answer(msgspec.Struct, frozen=True):
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

    async def look(self, case: Case) -> Said:
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
            return understand(msgspec.json.decode(body, type=Answer))
        except msgspec.MsgspecError as error:
            raise UnscannedError(f"rspamd's answer cannot be read: {error}") from None

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()


def understand(answer: Answer) -> Said:
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
