"""The record of a message: its envelope, and everything that happened to it since.

One line of JSON each, the envelope first; a line is on disk before what it says takes effect.  All
that the bay knows of a message follows from its record (`dnswatch bay reindex`).
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from dnswatch.bay.text import in_words

Verdict = Literal["clean", "unsure", "worm"]
"""What inspection says of a message."""

Disposition = Literal["release", "defer", "hold", "discard"]
"""What becomes of a message."""

Says = Literal["clean", "suspicious", "worm", "not-scanned"]
"""What one inspector says; `not-scanned` is never clean."""

DAEMON: Final = "dnswatch"
"""The actor of what nobody ordered."""


class _Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", omit_defaults=True):
    """A line of a record."""

    at: float
    "Unix seconds."


class Manners(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the sending engine spoke."""

    early: bool = False
    "It sent before the greeting was there."
    greeting: Literal["EHLO", "HELO"] = "EHLO"
    "How it said hello."
    bare_newlines: bool = False
    "Its message had line ends that are no CRLF (RFC 5321 section 2.3.8)."
    unheard: int = 0
    "Answers that it did not wait for, though pipelining was not offered or not allowed there."
    faults: int = 0
    "Commands that were answered with 5xx."


class Envelope(_Line, frozen=True, kw_only=True, tag="envelope"):
    """How a message came in."""

    ident: str
    "Names the message: sorts by time, is never given twice."
    client: str
    "Address of the client, as text; in records empty where the site writes pseudonyms."
    key: str
    "The client's key in the store: its address, or the site's pseudonym for it."
    helo: str
    "What the client called itself."
    sender: str
    "MAIL FROM; empty for a notice."
    recipients: tuple[str, ...]
    "RCPT TO, in order."
    tls: str = ""
    "Version and cipher of TLS; empty without."
    smtputf8: bool = False
    "The client asked for SMTPUTF8 (RFC 6531)."
    body: Literal["7BIT", "8BITMIME"] = "7BIT"
    "The BODY that the client declared (RFC 6152)."
    size: int
    "Bytes of the message."
    sha256: str
    "Of the message, in hexadecimal."
    manners: Manners = Manners()
    "How the sending engine spoke."


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What one inspector says of a message."""

    inspector: str
    "Its name."
    says: Says
    "Its opinion."
    reason: str
    "Why, in a sentence."


class Judged(_Line, frozen=True, kw_only=True, tag="judged"):
    """All inspectors were heard, or had their time."""

    verdict: Verdict
    "What follows from the opinions."
    opinions: tuple[Opinion, ...]
    "What each inspector said."
    why: str = ""
    "The rule by which it follows."


class Decision(_Line, frozen=True, kw_only=True, tag="decided"):
    """It is settled what becomes of the message; a later decision takes the place of an earlier."""

    fate: Disposition
    "What."
    actor: str = DAEMON
    "Who said so."
    why: str = ""
    "The reason."
    recipients: tuple[str, ...] = ()
    "For whom; none means all that are left."


class Answered(_Line, frozen=True, kw_only=True, tag="answered"):
    """The client was given its answer to DATA: with 2xx the bay took the duty of delivery."""

    code: int
    "The SMTP reply code."


class Tried(_Line, frozen=True, kw_only=True, tag="tried"):
    """A delivery begins: written before the message is sent, so that no second one goes untold."""

    recipients: tuple[str, ...]
    "For whom."
    exchange: str
    "Name and address of the exchange."


class DeliveryOutcome(_Line, frozen=True, kw_only=True, tag="outcome"):
    """What an exchange said of a recipient."""

    recipient: str
    "Of whom."
    result: Literal["delivered", "later", "refused"]
    "Done; to be tried again; or never."
    text: str
    "What the exchange said, or why it could not be heard."


class ExpiryWarning(_Line, frozen=True, kw_only=True, tag="warned"):
    """It was said that the message will be thrown away; nothing undelivered goes without that."""


class Gone(_Line, frozen=True, kw_only=True, tag="gone"):
    """The message's body is no longer kept."""

    why: str
    "Which order or rule of retention."
    actor: str = DAEMON
    "Who said so."


Line = Envelope | Judged | Decision | Answered | Tried | DeliveryOutcome | ExpiryWarning | Gone
"""Any line of a record."""

SCANNERS: Final = ("rspamd", "clamav")
"""Inspectors that are programs of their own, and so may be away."""


def counted(lines: Iterable[Line]) -> Iterator[str]:
    """Name what lines count as: the bay's counters in the store."""
    for line in lines:
        match line:
            case Answered(code=code) if 200 <= code < 300:
                yield "bay_accepted"
            case DeliveryOutcome(result="delivered"):
                yield "bay_released"
            case DeliveryOutcome(result=result):
                yield f"bay_delivery_{result}"
            case Judged(opinions=opinions):
                for one in opinions:
                    if one.inspector in SCANNERS:
                        heard = "failed" if one.says == "not-scanned" else "scanned"
                        yield f"inspector_{one.inspector}_{heard}"


_encoder: Final = msgspec.json.Encoder()
_decoder: Final[msgspec.json.Decoder[Line]] = msgspec.json.Decoder(Line)


def encode(line: Line) -> bytes:
    """Write a line, with its line end; whatever text is in it, it can be written."""
    try:
        return _encoder.encode(line) + b"\n"
    except UnicodeEncodeError:
        return _encoder.encode(in_words(msgspec.to_builtins(line))) + b"\n"


def decode(text: bytes) -> Line:
    """Read a line; raises `msgspec.DecodeError` where it is none (the last, after a kill)."""
    return _decoder.decode(text)
