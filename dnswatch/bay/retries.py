"""Retries: messages that a client brings again, since it was not told 250 for them.

The same client, sender, recipients and bytes are the same message: it is kept once, judged again,
and delivered once.  A client with several addresses may come from another one.
"""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from dnswatch.bay.record import DAEMON, Envelope
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message


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

    def find(self, envelope: Envelope, kin: Iterable[str] = ()) -> str | None:
        """Name the message that this one is again; `kin` are keys of the same machine."""
        keys = (_key(envelope, client) for client in (envelope.key, *sorted(kin)))
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
