"""Disposition: what becomes of a message, and what its client is told, the first time and again.

250 is said only where the bay takes a duty: to deliver, to let a person decide, or to answer for
that nobody sees it.  The bay never sends a bounce to anybody outside (it could only reach whom a
worm has named), so an answer in the dialogue is all that a client ever gets.

A client that was not told 250 may bring its message again.  The same client, sender, recipients and
bytes are the same message: it is kept once, judged again, and delivered once.  A client with
several addresses may come from another one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from dnswatch.bay.record import DAEMON, Disposition, Envelope, Verdict
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message
from dnswatch.settings.bay import Fates

_CODES: Final[dict[Disposition, int]] = {"release": 250, "hold": 250, "discard": 250, "defer": 451}


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """What a client is told after DATA."""

    code: int
    "The SMTP reply code."
    text: str
    "What follows it."

    def __str__(self) -> str:
        """Write the line."""
        return f"{self.code} {self.text}"


def disposition_of(verdict: Verdict, fates: Fates) -> Disposition:
    """Look up what becomes of a message."""
    fate: Disposition = getattr(fates, verdict)
    return fate


def reply_to(fate: Disposition, ident: str) -> SmtpReply:
    """Say what the client is told of a message that was just decided on."""
    if fate == "defer":
        return SmtpReply(451, f"4.7.1 Not accepted yet, try again later ({ident})")
    return SmtpReply(_CODES[fate], f"2.0.0 Accepted as {ident}")


def reply_to_retry(message: Message) -> SmtpReply | None:
    """Say what the client is told of a message that it tries again; None: inspect it once more.

    It was never told 250 for that message: what a person decided since takes effect now.
    """
    match message.state:
        case "waiting" | "deferred":
            is_ordered = any(one.is_ordered for one in message.recipients)
            return reply_to("defer", message.ident) if is_ordered else None
        case "held" | "releasing" | "released":
            return reply_to("hold", message.ident)
        case "failed":
            said = next((one.text for one in message.recipients if one.result == "refused"), "")
            line = " ".join(said.encode("ascii", "replace").decode().split())
            return SmtpReply(554, f"5.0.0 Refused by its exchange: {line[:300]}")
        case "discarded":
            return SmtpReply(554, f"5.7.1 Not accepted here ({message.ident})")


class Retries:
    """Which messages may come again; 150 bytes each."""

    def __init__(self) -> None:
        """Begin with none."""
        self._idents: dict[bytes, str] = {}

    def learn(self, message: Message) -> None:
        """Note what became of a message."""
        if message.is_ours or is_expired(message):
            self.forget(message.envelope)
        else:
            self.expect(message.envelope)

    def expect(self, envelope: Envelope) -> None:
        """Expect a message again: its client was not told, or did not hear, that we have it."""
        self._idents[_key(envelope)] = envelope.ident

    def forget(self, envelope: Envelope) -> None:
        """Expect it no more: if it comes again it is another message."""
        self._idents.pop(_key(envelope), None)

    def find(self, envelope: Envelope, same_machine: Iterable[str] = ()) -> str | None:
        """Name the message that this one is again; `same_machine` are keys of the same machine."""
        keys = (_key(envelope, client) for client in (envelope.key, *sorted(same_machine)))
        return next((self._idents[key] for key in keys if key in self._idents), None)


def is_over(spool: Spool, ident: str) -> bool:
    """Say whether of a message nothing is left that an answer could be about."""
    if not spool.has(ident):
        return True
    message = spool.message(ident)
    return is_expired(message) or (message.gone is None and not spool.body(ident).exists())


def is_expired(message: Message) -> bool:
    """Say whether a message was let go that nobody had decided on."""
    is_ordered = any(one.is_ordered for one in message.recipients)
    gone = message.gone
    is_dropped = gone is not None and gone.actor == DAEMON and message.state == "discarded"
    return is_dropped and not is_ordered


def _key(envelope: Envelope, client: str = "") -> bytes:
    recipients = sorted(set(envelope.recipients))
    same = (client or envelope.key, envelope.sender, recipients, envelope.sha256)
    return sha256(msgspec.msgpack.encode(same)).digest()[:16]
