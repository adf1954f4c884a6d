"""Neighbours: which machine answers at which address, from the kernel's neighbour table.

One netlink dump has both ARP (RFC 826) and neighbour discovery (RFC 4861).
"""

from typing import TYPE_CHECKING, Final

from dnswatch.names.hostname import mac, pack
from dnswatch.names.outage import Outage

if TYPE_CHECKING:
    from pyroute2 import IPRoute

MAX_NEIGHBOURS: Final = 200_000
"""Entries kept; the kernel's own default is 1024 a family."""

_USELESS: Final = 0x01 | 0x20 | 0x40
"""States NUD_INCOMPLETE, NUD_FAILED and NUD_NOARP: nobody has said who is there."""


class Neighbours:
    """The table of the network namespace we run in."""

    def __init__(self) -> None:
        """Read the table when asked."""
        from pyroute2 import IPRoute  # 0.2 s, which a site without this need not wait

        self._kernel = IPRoute
        self._outage = Outage(
            "the kernel's neighbour table",
            "IPv4 and IPv6 addresses of one machine are separate clients until then;"
            " names.neighbours = false leaves the table alone",
        )

    def read(self) -> dict[bytes, str]:
        """Return the MAC address at each packed address; nothing where that is not permitted."""
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            with self._kernel() as kernel:
                found = _read(kernel)
        except (OSError, NetlinkError) as error:
            self._outage.begin(error if isinstance(error, OSError) else OSError(*error.args))
            return {}
        self._outage.end()
        return found


def _read(kernel: "IPRoute") -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for entry in kernel.neigh("dump"):
        if entry["state"] & _USELESS or len(found) >= MAX_NEIGHBOURS:
            continue
        address = pack(str(entry.get("dst")))
        machine = mac(str(entry.get("lladdr")))
        if address and machine:
            found[address] = machine
    return found
