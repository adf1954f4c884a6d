"""Machines: under which key a client is judged, and which clients are one machine.

A *client* is an address, under its key in the store.  A **machine** is all clients that share a MAC
address, or a name that the site's hosts file declares; its key is the least of its MAC addresses,
else that name.  A client of which neither is known is judged under its own key.

Where the site writes pseudonyms, all of these are pseudonyms: this only compares them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import inf
from typing import Final, NamedTuple

from dnswatch.model.policies.orders import Orders, Overrule
from dnswatch.model.role import Role


class Known(NamedTuple):
    """What is known of a client."""

    client: str
    "Its key in the store."
    machine: str | None
    "MAC address."
    name: str | None
    "A name that joins: one that the hosts file declares."


_MAC: Final = 0
_NAME: Final = 1

_Handle = tuple[int, str]
"""By what clients are joined: a MAC address before a name."""


class Machines:
    """Which clients are one machine, as far as is known at a moment."""

    def __init__(self, known: Iterable[Known] = (), asked: float = inf) -> None:
        """Join clients; see `asked`."""
        self.asked = asked
        """Unix seconds: of clients that were met before it was asked whose they are; infinite where
        nobody can be asked."""
        self._handle: dict[str, _Handle] = {}
        self._above: dict[_Handle, _Handle] = {}
        self._clients: defaultdict[str, list[str]] = defaultdict(list)
        for one in known:
            handles = tuple(_handles(one))
            if handles:
                self._handle[one.client] = handles[0]
                first, last = sorted((self._lead(handles[0]), self._lead(handles[-1])))
                self._above[last] = first
        for client in self._handle:
            self._clients[self.key(client)].append(client)

    def key(self, client: str) -> str:
        """Return the key under which a client is judged: its machine's, or its own."""
        handle = self._handle.get(client)
        return client if handle is None else self._lead(handle)[1]

    def called(self, key: str) -> str:
        """Return the key that a machine has now, which once had another; see `Machines`."""
        handle = (_MAC, key) if (_MAC, key) in self._above else (_NAME, key)
        return self._lead(handle)[1] if handle in self._above else key

    def clients(self, key: str) -> tuple[str, ...]:
        """Return the clients that are judged under a key."""
        return tuple(self._clients.get(key, (key,)))

    def said_of(self, orders: Orders) -> Orders:
        """Let what a person said of one client hold for its machine, and for all its clients.

        Of words on several clients of one machine the latest holds.
        """
        words: dict[str, Overrule] = {}
        for client, said in orders.overrules.items():
            key = self.key(client)
            if key not in words or words[key].at < said.at:
                words[key] = said
        roles: dict[str, Role] = {}
        for client, role in orders.roles.items():
            if roles.get(key := self.key(client), Role.CLIENT) is Role.CLIENT:
                roles[key] = role
        return replace(
            orders,
            overrules={client: said for key, said in words.items() for client in self._all(key)},
            roles={client: role for key, role in roles.items() for client in self._all(key)},
        )

    def _all(self, key: str) -> Iterator[str]:
        yield key
        yield from self._clients.get(key, ())

    def _lead(self, handle: _Handle) -> _Handle:
        above = self._above.setdefault(handle, handle)
        while above != handle:
            self._above[handle] = self._above[above]  # so that paths stay short
            handle, above = above, self._above[above]
        return handle


def _handles(one: Known) -> Iterator[_Handle]:
    if one.machine:
        yield _MAC, one.machine
    if one.name:
        yield _NAME, one.name.lower()
