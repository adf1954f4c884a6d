"""Whom a reader means: addresses, networks and names, matched with the keys of the store.

Where the site writes pseudonyms, an address is looked up by its pseudonym, which only the owner of
the state directory's key can work out; the answer then shows the pseudonym alone.
"""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from dnswatch.errors import StoreError
from dnswatch.model.role import Role, role_of
from dnswatch.names.hostname import pack
from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.settings import Network, Settings
from dnswatch.store import Store, orders
from dnswatch.store.summary import Machine

MAX_NETWORK: Final = 65536
"""Addresses of a network that are tried one by one against pseudonyms."""


class Whom:
    """Who is meant, at one site."""

    def __init__(self, state: Path, settings: Settings) -> None:
        """Use the roles and groups of the settings, and what the state directory holds."""
        self._settings = settings
        self._state = state
        self._pseudonyms = Pseudonyms.load(state) if (state / "key").exists() else None

    def role_of(self, key: str) -> Role:
        """Return the role of a client's key: as it is configured, or as a person confirmed it."""
        role = self._configured(key)
        return self._confirmed.get(key, role) if role is Role.CLIENT else role

    def meant(self, text: str) -> Callable[[list[Machine]], list[Machine]]:
        """Turn an address, a network, a name or a group into a choice of machines.

        Raises `ValueError` with a sentence where it looks like a network and is none.
        """
        if "/" in text:
            return self._within([_network(text)])
        if (address := pack(text)) is not None:
            return _with_keys(self._aliases(address))
        if text in self._settings.groups:
            return self._within([subnet.network for subnet in self._settings.groups[text]])
        return self._named(text)

    def shown(self, text: str) -> str:
        """Return what to call a client in an answer: not by its address where that is hidden."""
        address = pack(text)
        return self._pseudonyms.of(address) if self._pseudonyms and address else text

    def key(self, text: str) -> str | None:
        """Return the key that an address has in the store now; None where it is no address."""
        address = pack(text)
        if address is None:
            return None
        if not self._settings.privacy.pseudonyms:
            return str(ip_address(address))
        return self._pseudonyms.of(address) if self._pseudonyms else None

    def is_configured(self, key: str) -> bool:
        """Say whether the configuration declares a role for a client's key."""
        return self._configured(key) is not Role.CLIENT

    def _configured(self, key: str) -> Role:
        if (address := pack(key)) is not None:
            return role_of(address, self._settings.roles)
        return self._roles_by_pseudonym.get(key, Role.CLIENT)

    def _aliases(self, address: bytes) -> set[str]:
        """Return the keys under which an address may be stored."""
        aliases = {str(ip_address(address))}
        return aliases | {self._pseudonyms.of(address)} if self._pseudonyms else aliases

    def _within(self, networks: list[Network]) -> Callable[[list[Machine]], list[Machine]]:
        pseudonyms = {alias for network in networks for alias in self._pseudonyms_within(network)}

        def is_within(key: str) -> bool:
            if key.startswith("~"):
                return key in pseudonyms
            return any(ip_address(key) in network for network in networks)

        return lambda machines: [m for m in machines if any(map(is_within, m.keys))]

    def _pseudonyms_within(self, network: Network) -> Iterable[str]:
        if self._pseudonyms is None:
            return ()
        if network.num_addresses > MAX_NETWORK:
            raise ValueError(
                f"'{network}' holds too many addresses to try against pseudonyms:"
                f" name a network of at most {MAX_NETWORK}"
            )
        return (self._pseudonyms.of(address.packed) for address in network)

    def _named(self, text: str) -> Callable[[list[Machine]], list[Machine]]:
        wanted = {text, text.lower()}
        if self._pseudonyms:
            wanted.add(self._pseudonyms.of_text(text.lower()))
        return lambda machines: [
            machine
            for machine in machines
            if wanted & {*machine.keys, *(c.name.lower() for c in machine.clients if c.name)}
        ]

    @cached_property
    def _confirmed(self) -> Mapping[str, Role]:
        try:
            with Store.read(self._state) as store, store.snapshot() as db:
                return orders.roles(db)
        except StoreError:
            return {}  # nothing is kept yet

    @cached_property
    def _roles_by_pseudonym(self) -> dict[str, Role]:
        if self._pseudonyms is None:
            return {}
        roles = self._settings.roles
        return {
            self._pseudonyms.of(address.packed): role_of(address.packed, roles)
            for section in (roles.mail_servers, roles.resolvers, roles.servers)
            for subnet in section
            if subnet.network.num_addresses <= MAX_NETWORK
            for address in subnet.network
        }


def nearest(text: str, names: Iterable[tuple[str, str | None]]) -> str | None:
    """Find the key or name of a client that comes closest to what was asked for."""
    known = {word.lower(): word for pair in names for word in pair if word}
    found = get_close_matches(text.lower(), known, n=1)
    return known[found[0]] if found else None


def _with_keys(keys: set[str]) -> Callable[[list[Machine]], list[Machine]]:
    return lambda machines: [machine for machine in machines if keys & set(machine.keys)]


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"'{text}' is no network: expected one like \"192.0.2.0/24\"") from None
