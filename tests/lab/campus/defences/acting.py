"""Acts for the tests of defences."""

from dnswatch.lab.campus.defences.acts import Finder, SeenContact, SeenLookup

ONE, OTHER = b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02"


def asked(
    at: float, domain: int, *, client: bytes = ONE, is_mx: bool = True, failed: bool = False
) -> SeenLookup:
    """A lookup of the mail domain with a number."""
    return SeenLookup(at, client, b"%d" % domain, is_mx, failed)


def contact(
    at: float,
    address: int,
    *,
    client: bytes = ONE,
    port: int = 25,
    introduced: bool = True,
    recipient: bytes = b"",
) -> SeenContact:
    """A connection to the address with a number."""
    return SeenContact(at, client, address.to_bytes(4, "big"), port, introduced, recipient)


def alarm(finder: Finder, lookups: list[SeenLookup]) -> int | None:
    """Give the number of the lookup that raised the first alarm, counted from 1, or None."""
    return next((n for n, lookup in enumerate(lookups, 1) if finder.asked(lookup)), None)
