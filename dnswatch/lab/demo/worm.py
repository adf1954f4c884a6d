"""The worm: a program with an SMTP engine of its own, as mass-mailing worms bring it along.

It asks the site's resolver for the exchange of each victim's domain, connects there, and sends a
copy of itself.  What it carries does nothing: two bytes that begin a program, and zeros.
"""

import smtplib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from typing import Final

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from dnswatch import clock

ADDRESS: Final = "127.0.0.66"
"""Of the infected machine."""
ENGINES: Final = 4
"""Messages that it sends at a time."""
_PATIENCE: Final = 6.0
"""Seconds that it waits for an answer: as long as a stub resolver does."""


class TryFate(StrEnum):
    """What became of one message, as the worm sees it."""

    SENT = "sent"
    "A server took it: the exchange, or what stood in for it."
    PUT_OFF = "put off"
    "A server did not take it."
    NO_ANSWER = "no answer"
    "DNS did not say where the exchange is."


@dataclass(frozen=True)
class Try:
    """One message that the worm tried to send."""

    at: float
    "Unix seconds."
    victim: str
    "Its recipient."
    exchange: str
    "What DNS said: name and address; empty where it said nothing."
    fate: TryFate
    took: float
    "Seconds."


class DemoWorm:
    """The worm at work."""

    def __init__(self, resolver: int, smtp_port: int, pause: float) -> None:
        """Ask the resolver at a port of 127.0.0.1; wait for `pause` seconds between messages."""
        self._resolver = resolver
        self._smtp_port = smtp_port
        self._pause = pause
        self._stop = threading.Event()
        self.tries: list[Try] = []

    def run(self, victims: Iterator[str], goes_on: Callable[[], bool]) -> None:
        """Send to one victim after the other, with several engines, for as long as it may."""
        lock = threading.Lock()

        def engine() -> None:
            while goes_on() and not self._stop.wait(self._pause):
                with lock:
                    victim = next(victims, None)
                if victim is None:
                    return
                self.tries.append(self._send(victim))

        engines = [threading.Thread(target=engine, daemon=True) for _ in range(ENGINES)]
        for one in engines:
            one.start()
        for one in engines:
            one.join()

    def stop(self) -> None:
        """End after the messages at hand."""
        self._stop.set()

    def _send(self, victim: str) -> Try:
        begun = clock.now()
        found = self._exchange_of(victim.split("@")[1])
        if found is None:
            return Try(begun, victim, "", TryFate.NO_ANSWER, clock.now() - begun)
        name, address = found
        fate = TryFate.SENT if self._deliver(victim, address) else TryFate.PUT_OFF
        return Try(begun, victim, f"{name} {address}", fate, clock.now() - begun)

    def _exchange_of(self, domain: str) -> tuple[str, str] | None:
        exchange = self._ask(domain, "MX")
        address = self._ask(exchange.split()[1], "A") if exchange else None
        return (exchange.split()[1].rstrip("."), address) if exchange and address else None

    def _ask(self, name: str, kind: str) -> str | None:
        """Ask once; give the first record of the answer."""
        query = dns.message.make_query(name, kind)
        try:
            response = dns.query.udp(
                query, "127.0.0.1", port=self._resolver, source=ADDRESS, timeout=_PATIENCE
            )
        except (dns.exception.DNSException, OSError):
            return None
        wanted = dns.rdatatype.from_text(kind)
        texts = [
            rr.to_text() for rrset in response.answer if rrset.rdtype == wanted for rr in rrset
        ]
        return texts[0] if texts else None

    def _deliver(self, victim: str, address: str) -> bool:
        try:
            with smtplib.SMTP(
                address,
                self._smtp_port,
                local_hostname="localhost",
                timeout=30,
                source_address=(ADDRESS, 0),
            ) as server:
                server.send_message(_copy(victim))
        except (smtplib.SMTPException, OSError):
            return False
        return True


def _copy(victim: str) -> EmailMessage:
    """Write the message: a program that calls itself a picture, from whoever is at hand."""
    message = EmailMessage()
    message["From"], message["To"] = f"friend@{victim.split('@')[1]}", victim
    message["Subject"] = "the picture you wanted"
    message.set_content("See the attachment.")
    message.add_attachment(
        b"MZ" + bytes(2000),
        maintype="application",
        subtype="octet-stream",
        filename="holiday.jpg.exe",
    )
    return message
