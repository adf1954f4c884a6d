"""Access: which clients are answered, which of them stand in the records, and whom UDP proves.

Asked once a client, then remembered: the per-packet path finds the client in a dict.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final, NamedTuple

from msgspec.structs import replace

from dnswatch.addresses import packed
from dnswatch.model.role import Role, role_of
from dnswatch.seams.batch import Batch
from dnswatch.settings import Settings, Subnet


class Admission(NamedTuple):
    """What becomes of a client's queries."""

    is_answered: bool = False
    is_recorded: bool = False
    is_unforgeable: bool = False
    "Nobody else can send in its name, even over UDP."
    is_server: bool = False
    "A declared resolver or mail server, or this machine itself, which asks for others."


_MACHINE: Final = frozenset(ip_address(text).packed for text in ("127.0.0.1", "::1"))
"""This machine by itself: its stub resolver and its servers ask for all who use them."""

STRANGER: Final = Admission()
"""A client outside the networks that are answered."""


class Networks:
    """A set of networks; a look-up costs one dict probe for each distinct prefix length."""

    def __init__(self, subnets: Iterable[Subnet]) -> None:
        """Sort the networks by family and prefix length."""
        self._prefixes: dict[tuple[int, int], set[int]] = {}
        for subnet in subnets:
            network = subnet.network
            host_bits = network.max_prefixlen - network.prefixlen
            key = (network.max_prefixlen // 8, host_bits)
            self._prefixes.setdefault(key, set()).add(int(network.network_address) >> host_bits)

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self._prefixes)

    def __contains__(self, address: bytes) -> bool:
        """Tell whether a packed address lies in one of the networks."""
        number = int.from_bytes(address, "big")
        return any(
            number >> host_bits in prefixes
            for (length, host_bits), prefixes in self._prefixes.items()
            if length == len(address)
        )


def leave_out(batch: Batch, clients: Networks) -> Batch:
    """Return what another vantage point than a worker says, with these clients as nobody.

    Workers know by themselves who stands in no record: it is part of how they admit a client.
    """

    def recorded(client: bytes | None) -> bytes | None:
        return None if client is not None and client in clients else client

    return replace(
        batch,
        observations=[replace(seen, client=recorded(seen.client)) for seen in batch.observations],
        tallies=[replace(tally, client=recorded(tally.client)) for tally in batch.tallies],
    )


def is_admitted(settings: Settings, address: str) -> bool:
    """Whether a client at an address gets answers."""
    return packed(ip_address(address).packed) in Networks(settings.access.networks)


class Admissions:
    """Packed client address to what it may; a bounded memo that starts anew when it is full."""

    def __init__(self, settings: Settings) -> None:
        """Admit as `settings` say."""
        self.forgotten = 0
        "Clients that went because of the bound."
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Take other settings, for all clients at once."""
        self.refuse_others = settings.access.others == "refuse"
        self._allowed = Networks(settings.access.networks)
        self._unforgeable = Networks(settings.access.unforgeable)
        self._left_out = Networks(settings.privacy.leave_out)
        self._roles = settings.roles
        self._limit = settings.limits.clients
        self._known: dict[bytes, Admission] = {}
        self._alike: dict[Admission, Admission] = {}
        "One of each: most clients may the same, and each by itself would take 90 bytes."

    def of(self, client: bytes) -> Admission:
        """Say what a client may."""
        admission = self._known.get(client)
        if admission is None:
            admission = self._admit(packed(client))
            admission = self._alike.setdefault(admission, admission)
            if len(self._known) >= self._limit:
                self._known.clear()  # cheap to learn again, and no order to keep up per packet
                self.forgotten += self._limit
            self._known[client] = admission
        return admission

    def _admit(self, client: bytes) -> Admission:
        if client not in self._allowed:
            return STRANGER
        return Admission(
            is_answered=True,
            is_recorded=client not in self._left_out,
            is_unforgeable=client in self._unforgeable,
            is_server=client in _MACHINE
            or role_of(client, self._roles) in (Role.RESOLVER, Role.MAIL_SERVER),
        )
