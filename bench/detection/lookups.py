"""Lookups: what a client's mail-related lookups look like to the detector."""

from collections.abc import Iterator
from typing import Final

from dnswatch.codes import Type
from dnswatch.model.changes import MailLookup
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.observation import Origin
from dnswatch.wire.name import from_text

NXDOMAIN: Final = 3
GUESSES: Final = ("mx", "mail", "smtp", "mx1", "mxs", "mail1", "relay", "ns", "gate")


def client(number: int) -> bytes:
    """Address of a client."""
    return bytes((10, number >> 16 & 255, number >> 8 & 255, number & 255))


def mx(
    at: float,
    who: bytes,
    domain: str,
    *,
    rcode: int = 0,
    exchange: str = "",
    recursion: bool = True,
) -> MailLookup:
    """An MX question with its answer; the exchange is the domain's own unless it is given."""
    name = from_text(domain)
    exchanges = () if rcode else (from_text(exchange or f"mx.{domain}"),)
    return MailLookup(
        at,
        who,
        LookupKind.MX,
        name,
        name,
        Type.MX,
        rcode,
        Origin.UPSTREAM,
        (),
        exchanges,
        0,
        0,
        0,
        False,
        recursion,
        300,
    )


def address(
    at: float,
    who: bytes,
    name: str,
    domain: str,
    kind: LookupKind = LookupKind.EXCHANGE,
    *,
    rcode: int = 0,
    is_new: bool = True,
) -> MailLookup:
    """An address lookup of a mail host."""
    return MailLookup(
        at,
        who,
        kind,
        from_text(domain),
        from_text(name),
        Type.A,
        rcode,
        Origin.UPSTREAM,
        (),
        (),
        int(is_new and not rcode),
        int(not is_new and not rcode),
        0,
        False,
        True,
    )


def delivery(at: float, who: bytes, domain: str, *, recursion: bool = True) -> list[MailLookup]:
    """A mail to a domain: its MX question, and the address of its exchange."""
    return [
        mx(at, who, domain, recursion=recursion),
        address(at + 0.1, who, f"mx.{domain}", domain, is_new=hash_of(domain) % 3 > 0),
    ]


def guesses(at: float, who: bytes, domain: str, labels: tuple[str, ...]) -> Iterator[MailLookup]:
    """Address lookups of guessed mail hosts of a domain, half a second apart."""
    for n, label in enumerate(labels):
        yield address(at + n / 2, who, f"{label}.{domain}", domain, LookupKind.GUESS, rcode=3)


def hash_of(text: str) -> int:
    """Hash a name, the same in each run."""
    value = 0
    for char in text:
        value = (value * 131 + ord(char)) % 1_000_003
    return value
