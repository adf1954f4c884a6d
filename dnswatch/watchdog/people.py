"""People: who the clients are, as the site's files, the kernel and reverse zones tell."""

import asyncio
import threading
from collections.abc import Iterable
from typing import Final

from dnswatch.names.directory import Directory, Identity
from dnswatch.names.pointers import Pointers
from dnswatch.settings import Settings

MET: Final = 10_000
"""Clients remembered between two looks, to ask reverse zones for; the rest come up again."""


class People:
    """All that knows who is who; `meet` may be called from another thread."""

    def __init__(self, settings: Settings) -> None:
        """Ask the sources that the settings name."""
        upstream = settings.upstream
        self._directory = Directory(settings.names)
        self._pointers = Pointers(
            upstream.servers if settings.names.pointers else (),
            settings.forward if settings.names.pointers else (),
            upstream.ca_file,
        )
        self._lock = threading.Lock()
        self._met: dict[bytes, None] = {}

    def meet(self, clients: Iterable[bytes]) -> None:
        """Note clients that were seen."""
        with self._lock:
            if len(self._met) < MET:
                self._met.update(dict.fromkeys(clients))

    def identify(self, now: float) -> dict[bytes, Identity]:
        """Return who has which address; may take a minute where upstreams are silent.

        Reverse zones are asked for clients that have no name otherwise; what they say counts from
        the next look on.
        """
        people = self._directory.refresh(now, self._pointers.names(now))
        with self._lock:
            met, self._met = self._met, {}
        nameless = [client for client in met if client not in people or not people[client].name]
        if nameless:
            asyncio.run(self._pointers.ask(nameless, now))
        return people
