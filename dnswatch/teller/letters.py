"""Letters: an event as a mail to a person, handed to the site's relay as the bay hands mail on."""

import asyncio
from collections.abc import Sequence
from email.message import EmailMessage

import msgspec

from dnswatch.bay.delivery.client import Parcel, Said, Unreachable, deliver
from dnswatch.bay.queue.system_mail import envelope_to, headed
from dnswatch.errors import EventError
from dnswatch.outlets.outlet import Dispatch
from dnswatch.settings.mail import MailHost
from dnswatch.teller.event import Event


def letter(event: Event, to: str, hostname: str) -> bytes:
    """Write an event to a person: the sentence, and below it all that a program would get."""
    mail = EmailMessage()
    whom = f" {event.client}" if event.client else ""
    mail["Subject"] = f"dnswatch: {event.signature}{whom}"
    facts = msgspec.json.format(msgspec.json.encode(event.facts()), indent=2).decode()
    mail.set_content(f"{event.sentence}\n\n{facts}\n")
    return headed(mail, event.id, to, hostname, event.at)


class LetterOutlet:
    """Hands mail for one person to the first relay that takes it; refused is not taken."""

    def __init__(self, to: str, relays: Sequence[MailHost], hostname: str) -> None:
        """Write to a person from `hostname`."""
        self._to = to
        self._relays = relays
        self._hostname = hostname

    def send(self, dispatch: Dispatch) -> None:
        """Hand it over; the relay knows a repeated one by its Message-ID."""
        envelope = envelope_to(self._to, dispatch.ident, self._hostname, 0.0, len(dispatch.body))
        parcel = Parcel(envelope, (self._to,), dispatch.body)
        said = asyncio.run(self._handed(parcel))
        if said.result != "delivered":
            raise EventError(f"mail to '{self._to}' was not taken: {said.text}")

    def close(self) -> None:
        """Let go of it: no connection outlives a letter."""

    async def _handed(self, parcel: Parcel) -> Said:
        said = Said("later", "there is no relay")
        for relay in self._relays:
            try:
                return (await deliver(parcel, relay.host, relay.port, self._hostname, _begin))[
                    self._to
                ]
            except Unreachable as error:
                said = Said("later", f"{relay}: {error}")
        return said


async def _begin(_: str) -> None:
    """Nothing is noted before: whoever sends notes it after."""
