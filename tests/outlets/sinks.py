"""Sinks for tests, and what they need."""

import base64
from pathlib import Path

from dnswatch.settings import EventDestination, Settings, Sink
from dnswatch.teller.event import Event
from dnswatch.teller.outlets import EventOutlet
from dnswatch.teller.outlets import open_outlet as open_as_settings_say
from tests.teller.test_forms import INFECTED

SECOND = Event(id="ab-8", at=INFECTED.at, kind="mark", text='Größe ]"\\')


def sink(to: str, secret: str = "") -> Sink:
    return Sink(to=EventDestination(to), secret=secret)


def open_outlet(to: Sink, settings: Settings = Settings()) -> EventOutlet:  # noqa: B008 frozen
    return open_as_settings_say(to, settings)


def key_file(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


GOOD = "whsec_" + base64.b64encode(bytes(range(32))).decode()
