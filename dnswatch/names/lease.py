"""Lease: that a DHCP server lent a machine an address, until when."""

import re
from dataclasses import dataclass
from math import inf
from typing import Final, Self

from dnswatch.names.hostname import clean, mac, pack

ENDED: Final = 0.0
"""The end of a lease that was released or declined: long ago, Unix seconds."""

FOREVER: Final = inf
"""The end of a lease that has none."""


LATEST: Final = 253_402_300_800.0
"""The year 10000: a lease that ends later, but does end, is none that a server wrote."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One entry of a lease file."""

    address: bytes
    "Packed."
    hardware: str | None
    "The client's MAC address, as the DHCP server heard it."
    duid: str | None
    "A MAC address of the machine, not always of the interface in use (RFC 8415 section 11)."
    name: str | None
    "What the client called itself."
    until: float
    "Unix seconds."

    @classmethod
    def of(
        cls, address: str, until: float, *, name: str = "", hardware: str = "", duid: str = ""
    ) -> Self | None:
        """Make a lease of texts; None where the address is none, or the end cannot be one."""
        packed = pack(address)
        if packed is None or not (0 <= until < LATEST or until == FOREVER):
            return None
        return cls(packed, mac(hardware), _duid_mac(duid), clean(name), until)


def _duid_mac(duid: str) -> str | None:
    """Find the Ethernet address in a DUID-LLT or DUID-LL (RFC 8415 sections 11.2 and 11.4)."""
    match = re.fullmatch(
        r"(?:00:01:00:01(?::[0-9a-f]{2}){4}|00:03:00:01):((?:[0-9a-f]{2}:){5}[0-9a-f]{2})",
        duid.lower(),
    )
    return mac(match[1]) if match else None
