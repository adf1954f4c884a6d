"""Letters, with a real relay."""

import pytest

from dnswatch.errors import EventError
from dnswatch.settings import EventDestination, Settings, Sink
from dnswatch.settings.bay import Bay, Release
from dnswatch.settings.mail import MailHost
from tests.bay.exchange import Exchange
from tests.outlets.sinks import open_outlet
from tests.teller.test_forms import INFECTED


def relayed(port: int) -> Settings:
    return Settings(bay=Bay(release=Release(smarthosts=(MailHost(f"127.0.0.1:{port}"),))))


def test_a_person_gets_a_mail_by_the_sites_relay() -> None:
    """A sentence, the facts, a Message-ID by which a repeated one is known; nobody answers it."""
    sink = Sink(to=EventDestination("mailto:admin@corp.example"))
    with Exchange() as exchange:
        open_outlet(sink, relayed(exchange.port)).send(INFECTED)
        exchange.rcpt = lambda _: "550 5.1.1 nobody here"
        with pytest.raises(EventError, match=r"was not taken: 550 5\.1\.1 nobody here"):
            open_outlet(sink, relayed(exchange.port)).send(INFECTED)
    (taken,) = exchange.taken
    assert (taken.sender, taken.recipients) == ("", ("admin@corp.example",))
    text = taken.data.decode()
    assert "Subject: dnswatch: verdict infected 10.0.0.66" in text
    assert "Message-ID: <ab-7@" in text
    assert "Auto-Submitted: auto-generated" in text
    assert INFECTED.sentence in text
