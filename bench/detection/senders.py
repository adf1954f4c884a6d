"""Senders: what infected clients look up, each from its first mail domain on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from bench.detection import lookups
from bench.detection.site import DAY
from dnswatch.model.changes import MailLookup

Domain = Callable[[float, bytes, str, Random], list[MailLookup]]
"""What a sender looks up for one domain."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One kind of sender."""

    name: str
    rate: float
    "Mail domains a day."
    looks_up: Domain
    domains: float = float("inf")
    "Bar: domains before the verdict, in the mean."
    time: float = float("inf")
    "Bar: seconds before the verdict, in the mean."

    def act(self, who: bytes, since: float, chance: Random) -> Iterator[list[MailLookup]]:
        """Look up one domain after the other, without end."""
        at = since
        while True:
            yield self.looks_up(at, who, f"target{chance.getrandbits(40)}.net", chance)
            at += chance.expovariate(self.rate) * DAY


def _deliver(at: float, who: bytes, domain: str, _: Random) -> list[MailLookup]:
    return lookups.delivery(at, who, domain)


def _mydoom(at: float, who: bytes, domain: str, chance: Random) -> list[MailLookup]:
    """Where the MX question fails, the host names are guessed."""
    if chance.random() < 0.8:
        return lookups.delivery(at, who, domain)
    failed = lookups.mx(at, who, domain, rcode=lookups.NXDOMAIN)
    return [failed, *lookups.guesses(at + 0.5, who, domain, lookups.GUESSES)]


def _mytob(at: float, who: bytes, domain: str, _: Random) -> list[MailLookup]:
    return list(lookups.guesses(at, who, domain, lookups.GUESSES))


def _told(at: float, who: bytes, domain: str, _: Random) -> list[MailLookup]:
    """The address came along with the MX answer, or from elsewhere."""
    return [lookups.mx(at, who, domain)]


def _own_resolver(at: float, who: bytes, domain: str, _: Random) -> list[MailLookup]:
    return lookups.delivery(at, who, domain, recursion=False)


SENDERS: Final = (
    Sender("fast bot, 0.8 a second", 0.8 * DAY, _deliver, domains=12, time=20),
    Sender("one each 10 s", DAY / 10, _deliver),
    Sender("one a minute", DAY / 60, _deliver),
    Sender("SoBig-like, 200 a day", 200, _deliver, domains=7),
    Sender("MyDoom-like, 115 a day", 115, _mydoom, domains=5),
    Sender("Mytob-like, 115 a day, guesses only", 115, _mytob),
    Sender("one an hour", 24, _deliver, domains=5),
    Sender("six a day", 6, _deliver, time=DAY),
    Sender("one a day", 1, _deliver),
    Sender("fast bot that asks for no address", 0.8 * DAY, _told),
    Sender("SoBig-like that asks for no address", 200, _told),
    Sender("SoBig-like with a resolver of its own", 200, _own_resolver),
)
