"""The sample files of this room, and a moment when some of their leases have ended."""

from pathlib import Path

from dnswatch.names.hostname import pack
from dnswatch.names.lease import Lease
from dnswatch.names.leases import Leases, parse_leases

SAMPLES = Path(__file__).parent / "samples"
NOW = 1793600000.0


def sample(name: str) -> Leases:
    """A sample file's leases."""
    return parse_leases([(SAMPLES / name).read_text()])


def lease(leases: Leases, address: str) -> Lease:
    """The lease of an address."""
    return leases.entries[pack(address) or b""]


def active(leases: Leases) -> set[bytes]:
    """The addresses that are leased now."""
    return set(leases.active(NOW))


def packed(*texts: str) -> set[bytes | None]:
    """Addresses as they are kept."""
    return set(map(pack, texts))
