"""Ourselves: the addresses to which no mail is sent, since it would come back.

The bay's own, and all of this machine: the kernel is asked whether it would keep a packet to
itself, so an address that was added just now counts, and so does a network that is routed here.
"""

import asyncio
import errno
import logging
from typing import Final

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from dnswatch.addresses import Address, destination, read
from dnswatch.settings import Settings

logger: Final = logging.getLogger("dnswatch.bay")

_UNICAST: Final = 1
"""The kernel's RTN_UNICAST: the packet leaves the machine; all other kinds do not reach another."""
_UNREACHABLE: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL)


class Ourselves:
    """What would be the bay, or this machine."""

    def __init__(self, settings: Settings) -> None:
        """Know the bay's addresses from the settings."""
        bay = settings.bay
        listen = [one.address for one in bay.listen if one.port == bay.release.port]
        self._bay = {read(one) for one in settings.quarantine.addresses} | set(listen)
        self._is_everywhere = any(one.is_unspecified for one in listen)
        self._may_be_here = bay.release.loopback

    async def is_here(self, address: Address) -> bool:
        """Say whether mail sent to an address would come to the bay, or to a forbidden place."""
        place = destination(address)
        if place in self._bay:
            return True
        if self._may_be_here and not self._is_everywhere:
            return False
        return place.is_loopback or await asyncio.to_thread(_is_kept, place)


def _is_kept(address: Address) -> bool:
    """Ask the kernel of this network namespace whether a packet to an address stays here."""
    try:
        with IPRoute() as kernel:
            return any(found["type"] != _UNICAST for found in kernel.route("get", dst=str(address)))
    except NetlinkError as error:
        if error.code not in _UNREACHABLE:
            logger.warning("the kernel cannot say whether %s is this machine: %s", address, error)
    except OSError as error:
        logger.warning("the kernel cannot say whether %s is this machine: %s", address, error)
    return False
