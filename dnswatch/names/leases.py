"""Leases: which machine has which address, from the files of DHCP servers.

The text itself tells whose it is: dnsmasq's, Kea's (memfile, CSV) or that of ISC dhcpd, each for
IPv4 and IPv6.  Servers append: of several entries for an address the last one holds.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from dnswatch.names.dhcpd import parse_dhcpd
from dnswatch.names.lease import ENDED, FOREVER, Lease
from dnswatch.names.textfile import TextFiles

MAX_LEASES: Final = 200_000
"""Addresses kept; later entries for others are counted as broken."""

_KEA_ADDRESS: Final = "0"
"""The lease type of an address; others are prefixes for routers."""

_KEA_IN_USE: Final = "0"
"""The state of a lease that was neither declined nor released nor reclaimed."""

_KEA_ESCAPE: Final = re.compile("&#x([0-9a-fA-F]{2})")

_KEA_FOREVER: Final = 0xFFFFFFFF
"""Kea's valid lifetime of a lease without an end, seconds (RFC 8415 section 7.7)."""


@dataclass(slots=True)
class Leases:
    """What the files say together."""

    entries: dict[bytes, Lease] = field(default_factory=dict)
    "Packed address to its last entry."
    broken: int = 0
    "Entries that could not be read, or were beyond the bound."

    def active(self, now: float) -> dict[bytes, Lease]:
        """Pick the leases that have not ended."""
        return {address: lease for address, lease in self.entries.items() if lease.until > now}


def parse_leases(texts: Iterable[str]) -> Leases:
    """Read the texts of lease files, in their order."""
    leases = Leases()
    entries = leases.entries
    for lease in (lease for text in texts for lease in _parse(text)):
        if lease and (len(entries) < MAX_LEASES or lease.address in entries):
            entries[lease.address] = lease
        else:
            leases.broken += 1
    return leases


class LeaseFiles:
    """Lease files, which change all the time."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Read `paths` when asked."""
        self._files = TextFiles(paths)
        self._leases = Leases()

    def read(self) -> Leases:
        """Return what the files say now: the very same object while nothing changed."""
        texts = self._files.news()
        if texts is not None:
            self._leases = parse_leases(texts)
        return self._leases


def _parse(text: str) -> Iterator[Lease | None]:
    if re.match(r"\s*address,(hwaddr|duid),", text):
        return _parse_kea(text)
    if re.search(r"^[ \t]*(lease|ia-na|ia-ta)[ \t][^{}\n]*\{", text, re.MULTILINE):
        return parse_dhcpd(text)
    return _parse_dnsmasq(text)


def _parse_dnsmasq(text: str) -> Iterator[Lease | None]:
    """Read `EXPIRY MAC ADDRESS NAME CLIENT-ID`; for IPv6 the MAC's place has the IAID."""
    for line in text.splitlines():
        words = line.split()
        if not words or words[0] == "duid":
            continue
        if len(words) != 5 or not re.fullmatch("[0-9]{1,15}", words[0]):
            yield None
            continue
        until, hardware, address, name, client = words
        yield Lease.of(
            address,
            float(until) or FOREVER,
            name="" if name == "*" else name,
            hardware=hardware.rpartition("-")[2],  # some have the hardware type in front: 06-
            duid=client,
        )


def _parse_kea(text: str) -> Iterator[Lease | None]:
    """Read Kea's CSV by the names in its first line, which differ between versions."""
    header, *lines = text.strip().splitlines()
    keys = header.split(",")
    for line in lines:
        entry = dict(zip(keys, map(_unescaped, line.split(",")), strict=False))
        if entry.get("lease_type", _KEA_ADDRESS) != _KEA_ADDRESS:
            continue
        until = _kea_until(entry)
        yield (
            None
            if until is None
            else Lease.of(
                entry["address"],
                until,
                name=entry.get("hostname", ""),
                hardware=entry.get("hwaddr", ""),
                duid=entry.get("duid", ""),
            )
        )


def _unescaped(text: str) -> str:
    """Read what Kea wrote so that it holds no comma: `&#x` and two digits for a character."""
    return _KEA_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def _kea_until(entry: dict[str, str]) -> float | None:
    lifetime, expire = entry.get("valid_lifetime", ""), entry.get("expire", "")
    if not re.fullmatch("[0-9]{1,15}", lifetime) or not re.fullmatch("[0-9]{1,15}", expire):
        return None
    if entry.get("state", _KEA_IN_USE) != _KEA_IN_USE or not int(lifetime):
        return ENDED
    return FOREVER if int(lifetime) == _KEA_FOREVER else float(expire)
