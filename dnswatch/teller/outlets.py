"""Events on their way out: each sink's outlet gets them in the sink's form."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dnswatch.bay.paths import hostname
from dnswatch.outlets import keyfile
from dnswatch.outlets.command import CommandOutlet
from dnswatch.outlets.file import FileOutlet
from dnswatch.outlets.outlet import Dispatch, Outlet, reaching
from dnswatch.outlets.services import ServiceOutlet
from dnswatch.outlets.syslog import DATAGRAM, LONGEST, DatagramOutlet, StreamOutlet
from dnswatch.outlets.webhook import WebhookOutlet
from dnswatch.settings import Settings, Sink
from dnswatch.teller import forms
from dnswatch.teller.event import Event

Write = Callable[[Event], bytes]


class EventOutlet(NamedTuple):
    """An outlet with the form in which its receiver reads events."""

    outlet: Outlet
    write: Write

    def send(self, event: Event) -> None:
        """Have the receiver take an event; raises `EventError` where it does not."""
        facts: dict[str, str | int | float] = {
            "id": event.id,
            "kind": event.kind,
            "text": event.text,
            "client": event.client or "",
            "severity": event.severity.name.lower(),
            "sentence": event.sentence,
        }
        title = f"dnswatch: {event.signature}{f' {event.client}' if event.client else ''}"
        self.outlet.send(Dispatch(event.id, title, self.write(event), facts))

    def close(self) -> None:
        """Let go of it."""
        self.outlet.close()


def open_outlet(sink: Sink, settings: Settings) -> EventOutlet:
    """Open the way to a sink; raises `EventError`, or `SettingsError` where its files are wrong."""
    to, form = sink.to, sink.form
    tls = keyfile.tls_context(sink) if to.is_encrypted else None

    def syslog(room: int) -> Write:
        return lambda event: forms.syslog(event, socket.gethostname(), form, room)

    match to.scheme:
        case "file":
            return EventOutlet(FileOutlet(Path(to.path)), _in(form or "eve"))
        case "command":
            return EventOutlet(CommandOutlet((to.path, *sink.arguments)), _in("json"))
        case "apprise":
            service = ServiceOutlet(str(to), keyfile.service_url(sink.secret))
            return EventOutlet(service, lambda event: event.sentence.encode())
        case "mailto":
            from dnswatch.teller.letters import LetterOutlet, letter  # aiosmtplib: few want it

            relays, own = settings.bay.release.smarthosts, hostname(settings)
            return EventOutlet(
                LetterOutlet(to.path, relays, own), lambda e: letter(e, to.path, own)
            )
        case "syslog:udp":
            with reaching(to.shown):
                return EventOutlet(DatagramOutlet(to), syslog(LONGEST if form else DATAGRAM))
        case "syslog:tcp" | "syslog:tls":
            with reaching(to.shown):
                return EventOutlet(StreamOutlet(to, tls), syslog(LONGEST))
    outlet = WebhookOutlet(str(to), keyfile.signing_key(sink.secret), tls)
    return EventOutlet(outlet, _in(form or "json"))


def _in(form: str) -> Write:
    return lambda event: forms.written(event, form)
