"""People: who the clients are, as the site's files, the kernel and reverse zones tell."""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from dnswatch.names.directory import AddressHolder, Directory, Span
from dnswatch.names.pointers import Pointers
from dnswatch.settings import Settings

MET: Final = 10_000
"""Clients remembered between two looks, to ask reverse zones for; the rest come up again."""

HEARD: Final = 100_000
"""IPv6 addresses of which it is known when they were heard from; beyond, the one silent for longest
goes.  About 25 MB."""


class People:
    """All that knows who is who; `meet` may be called from another thread."""

    def __init__(self, settings: Settings) -> None:
        """Ask the sources that the settings name."""
        self._lock = threading.Lock()
        self._met: dict[bytes, None] = {}
        self._heard: OrderedDict[bytes, Span] = OrderedDict()
        self._people: dict[bytes, AddressHolder] = {}
        self.configure(settings)

    def configure(self, settings: Settings) -> None:
        """Ask other sources from the next look on; who was met stays known."""
        upstream = settings.upstream
        self._directory = Directory(settings.names, self._span)
        self._pointers = Pointers(
            upstream.servers if settings.names.pointers else (),
            settings.forward if settings.names.pointers else (),
            upstream.ca_file,
        )

    def meet(self, clients: Iterable[bytes], now: float) -> None:
        """Note clients that were seen."""
        with self._lock:
            for client in clients:
                if len(client) > 4:  # whose IPv4 addresses these are is told by their number alone
                    first, _ = self._heard.get(client, (now, now))
                    self._heard[client] = first, now
                    self._heard.move_to_end(client)
                if len(self._met) < MET:
                    self._met[client] = None
            while len(self._heard) > HEARD:
                self._heard.popitem(last=False)

    def look(self, now: float) -> dict[bytes, AddressHolder]:
        """Return who has which address, as files and the kernel tell."""
        self._people = self._directory.refresh(now, self._pointers.names(now))
        return self._people

    def ask(self, now: float) -> None:
        """Ask reverse zones for clients without a name; what they say counts at the next look.

        May take a minute where upstreams are silent.
        """
        with self._lock:
            met, self._met = self._met, {}
        people = self._people
        nameless = [client for client in met if client not in people or not people[client].name]
        if nameless:
            asyncio.run(self._pointers.ask(nameless, now))

    def _span(self, address: bytes) -> Span | None:
        with self._lock:
            return self._heard.get(address)
