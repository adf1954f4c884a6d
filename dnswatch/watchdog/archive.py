"""The archive: the store as one thread of the watch process uses it.

It opens the store when it is first needed and, after a failure to, when it is needed again; and it
knows the key under which a client stands in the store, so that no address, name or MAC gets past it
where the site wants pseudonyms.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET6, inet_ntoa, inet_ntop
from typing import Final

from dnswatch import addresses
from dnswatch.model.changes import Changes, Cursor
from dnswatch.model.finding import Finding
from dnswatch.model.machines import Machines
from dnswatch.model.policies.note import About
from dnswatch.model.policies.orders import Orders
from dnswatch.names.directory import AddressHolder
from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.settings import Privacy, Settings
from dnswatch.store import Identity, Remembered, Store, evidence, orders, replica
from dnswatch.store.bay import findings
from dnswatch.store.claims import Claims
from dnswatch.store.clients import joinable, known_as, machines
from dnswatch.store.evidence import Evidence
from dnswatch.store.moved import Moved, move

KEYS: Final = 100_000
"""Pseudonyms remembered, since making one takes some microseconds; about 20 MB."""

_IPV4_INSIDE: Final = bytes(8)
"""What IPv6 addresses begin with that carry an IPv4 one: mapped, compatible, translated."""


class Archive:
    """The store of a site, and how its clients stand in it; every method may raise `StoreError`."""

    def __init__(self, state: Path, settings: Settings, *, is_bounded: bool = True) -> None:
        """Keep records in the directory `state`; unless `is_bounded`, however many there are."""
        self._state = state
        self._settings = settings
        self._store: Store | None = None
        self._names: _Names | None = None
        self._claims = Claims() if is_bounded else None

    def reload(self, settings: Settings) -> None:
        """Go on with new settings; may be called from another thread."""
        self._settings = settings

    def restore(self, now: float) -> Remembered:
        """Return what the watch knew before; without a fleet, the store is no replica any more."""
        store = self._opened()
        if not self._settings.fleet.engine:
            with store.writing() as db:
                findings.collect(db)
                replica.leave(db)
        return store.restore(now)

    def orders(self, now: float) -> Orders:
        """Return what persons said, as far as it is in force."""
        with self._opened().snapshot() as db:
            return orders.read(db, now)

    def move(self, moved: Moved, now: float) -> None:
        """Move what was timed by the clock as it was before it was set."""
        with self._opened().snapshot() as db:
            move(db, moved, now)

    def findings(self, number: int) -> list[Finding]:
        """Return what the bay found after the finding of that number."""
        with self._opened().snapshot() as db:
            return findings.after(db, number)

    def evidence(self) -> Evidence:
        """Return what the detector knew."""
        with self._opened().snapshot() as db:
            return evidence.read(db)

    def key(self, client: bytes) -> str:
        """Return the key under which a client stands in the store."""
        return self._named().key(client)

    def cursors(self) -> tuple[Cursor, ...]:
        """Return how much of which journals is stored."""
        return self._opened().cursors()

    def write(self, changes: Changes, now: float) -> None:
        """Store what changed, within the bounds of the store."""
        store, key, records = self._opened(), self._named().key, self._settings.records
        if self._claims is not None:
            store.make_room(records, now)
            self._claims.bound(changes, key, lambda client: store.knows(key(client)), records.size)
        store.write(changes, key, now)

    def identify(self, people: Mapping[bytes, AddressHolder], now: float) -> Machines:
        """Note who the clients are; return which are one machine.

        A client that `people` do not know is still who it was last, which is what the store has.
        """
        names = self._named()
        found = {names.key(address): names.identity(person) for address, person in people.items()}
        self._opened().write_identities(found.items())
        with self._opened().snapshot() as db:
            stored = []
            for one in joinable(db):  # hundreds of thousands, of which few may be joined
                found.pop(one.client, None)
                if one.machine or one.name:
                    stored.append(one)
        new = (known_as(k, who.name, who.machine, who.source) for k, who in found.items())
        return Machines((*stored, *new), now)

    def machines(self) -> Machines:
        """Return which clients are one machine, as was stored."""
        with self._opened().snapshot() as db:
            return machines(db)

    def told(self, about: About, since: float) -> dict[tuple[str, str], float]:
        """Return what the log has said of which client since a moment, and when."""
        with self._opened().snapshot() as db:
            return orders.told(db, about, since)

    def keep(self, now: float) -> bool:
        """Let go of some old records; return whether more is left to do."""
        return self._opened().keep(self._settings.records, now)

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _opened(self) -> Store:
        if self._store is None:
            self._store = Store.open(self._state)
        return self._store

    def _named(self) -> "_Names":
        privacy = self._settings.privacy
        if privacy.pseudonyms:
            self._opened()  # it makes the directory that holds their key
        if self._names is None or self._names.privacy != privacy:
            self._names = _Names(privacy, self._state)
        return self._names


class _Names:
    """How clients stand in the store: under their addresses, or under pseudonyms."""

    def __init__(self, privacy: Privacy, state: Path) -> None:
        self.privacy = privacy
        self._pseudonyms = Pseudonyms.load(state) if privacy.pseudonyms else None
        of = lru_cache(KEYS)(self._pseudonyms.of) if self._pseudonyms else address_text
        self.key: Callable[[bytes], str] = of

    def identity(self, person: AddressHolder) -> Identity:
        """Write who a client is, as the store may know it."""
        return Identity(self._text(person.name), self._text(person.machine), person.source)

    def _text(self, text: str | None) -> str | None:
        return self._pseudonyms.of_text(text) if self._pseudonyms and text else text


def address_text(packed: bytes) -> str:
    """Write a packed address in its normal form."""
    # The C library takes a quarter of a microsecond, ipaddress five: too much to do again for each
    # client and second, and what is remembered of a client takes 200 bytes in each thread.
    if len(packed) == 4:
        return inet_ntoa(packed)
    if packed.startswith(_IPV4_INSIDE):  # the library writes some of these another way
        return str(addresses.normal(ip_address(packed)))
    return inet_ntop(AF_INET6, packed)
