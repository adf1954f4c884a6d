"""Host names and addresses, as files and clients of all kinds write them."""

import re
from typing import Final

from dnswatch import addresses

LONGEST: Final = 253
"""Characters of a name in text (RFC 1035 section 2.3.4)."""

LONGEST_LABEL: Final = 63
"""Characters between two dots (RFC 1035 section 2.3.4)."""


def clean(text: str) -> str | None:
    """Write a host name in lower case; whatever cannot stand in one becomes a hyphen.

    A DHCP client names itself as it likes: what it chose must do no harm on a terminal.
    """
    name = re.sub(r"[^a-z0-9._-]+", "-", text[: 4 * LONGEST].strip().lower())
    name = re.sub(r"\.{2,}", ".", name).strip(".-")
    fits = 0 < len(name) <= LONGEST and max(map(len, name.split("."))) <= LONGEST_LABEL
    return name if fits else None


def pack(text: str) -> bytes | None:
    """Read an address in its normal form; None where it is none."""
    try:
        return addresses.read(text).packed
    except ValueError:
        return None


def mac(text: str) -> str | None:
    """Read the MAC address of a single machine, as `02:00:5e:10:00:07`."""
    octets = re.fullmatch(r"([0-9a-f]{1,2})((?:[:-][0-9a-f]{1,2}){5})", text.strip().lower())
    if octets is None:
        return None
    numbers = [int(octet, 16) for octet in re.split("[:-]", octets[0])]
    is_group = numbers[0] & 1
    return None if is_group or not any(numbers) else ":".join(f"{n:02x}" for n in numbers)
