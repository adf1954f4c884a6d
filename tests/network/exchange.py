"""An exchange out in the world: an SMTP server that keeps what it is given, byte for byte."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests import check
from tests.network.places import Place

OKAY: Final = "250 OK"


@dataclass(frozen=True)
class Delivery:
    """One message that it took."""

    peer: str
    "Address of the client."
    helo: str
    sender: str
    recipients: list[str]
    content: bytes
    "Exactly as it came, without the dots that SMTP adds."


class Exchange:
    """What an exchange was given."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._taken: list[Delivery] = []

    async def handle_DATA(  # noqa: N802 aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a message (called by aiosmtpd)."""
        assert session.peer
        taken = Delivery(
            session.peer[0],
            session.host_name or "",
            envelope.mail_from or "",
            list(envelope.rcpt_tos),
            envelope.original_content or b"",
        )
        with self._lock:
            self._taken.append(taken)
        return OKAY

    def of(self, recipient: str) -> list[Delivery]:
        """Give what came for a recipient."""
        with self._lock:
            return [taken for taken in self._taken if recipient in taken.recipients]

    def got(self, recipient: str) -> Delivery:
        """Wait for a message for a recipient; demand that it came once."""
        found = check.eventually(lambda: self.of(recipient))
        assert len(found) == 1
        return found[0]


@contextmanager
def exchange(place: Place, address: str) -> Iterator[Exchange]:
    """Run an exchange at a place, on port 25 of one of its addresses."""
    found = Exchange()
    controller = Controller(found, address, 25, server_hostname="mx.test")
    with place.inside():
        controller.start()
        try:
            yield found
        finally:
            controller.stop()
