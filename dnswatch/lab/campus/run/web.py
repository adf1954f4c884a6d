"""The web on the loop: what people browse, counted by hour, or each lookup by itself.

No detector looks at ordinary lookups singly, so those of a client and hour are counted together;
where a data set or a capture is written each is an observation.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, Protocol

import numpy as np

from dnswatch.codes import Type
from dnswatch.lab.campus.calendar import DAY, Calendar
from dnswatch.lab.campus.chance import numbers
from dnswatch.lab.campus.plan import Web as Settings
from dnswatch.lab.campus.run.loop import Loop, Process
from dnswatch.lab.campus.run.resolver import Asking, Resolver
from dnswatch.lab.campus.site.browsing import Browsing
from dnswatch.lab.campus.site.browsing import Day as Browsed
from dnswatch.lab.campus.world.outside import Outside
from dnswatch.model.observation import Tally

_A: Final = int(Type.A)
_HOUR: Final = 3600.0
_HOURS: Final = 24

Hour = tuple[np.ndarray, np.ndarray]
"""Clients, by their places in the row, and how many lookups each made."""


class Sees(Protocol):
    """Wants to know of each connection on the web, a day of a crowd at a time."""

    def __call__(self, day: Browsed, clients: Sequence[bytes]) -> None:
        """Take a day's connections of some of the clients."""


class Web:
    """What the clients of a site browse."""

    def __init__(
        self, settings: Settings, clients: Sequence[bytes], seed: int, outside: Outside,
        resolver: Resolver, loop: Loop, calendar: Calendar,
    ) -> None:  # fmt: skip
        """Draw the clients' habits."""
        self.sees: Sees | None = None
        "Sees the connections."
        self._clients = clients
        self._seed = seed
        self._outside = outside
        self._resolver = resolver
        self._loop = loop
        self._calendar = calendar
        self._browsing = Browsing(settings, len(clients), numbers(seed, "habits of browsing"))
        self._foreseen: dict[float, list[Hour]] = {}
        "Days that are drawn already, by their begin."

    def foresee(self, since: float, days: int) -> None:
        """Draw some days before they come, for all futures that fork from here."""
        for number in range(days):
            day = since + number * DAY
            self._foreseen[day] = self._counted(day)

    def count(self, day: float) -> None:
        """Let a day come, its lookups counted."""
        hours = self._foreseen.pop(day, None) or self._counted(day)
        for number, hour in enumerate(hours):
            self._loop.call(day + number * _HOUR, partial(self._tally, hour))

    def play(self, day: float) -> None:
        """Let a day come, each lookup by itself."""
        for lookups in self._drawn(day):
            self._loop.start(day, self._surf(lookups))

    def _drawn(self, day: float) -> Iterator[Browsed]:
        """Draw the lookups of a day, a crowd after the other."""
        drawn = numbers(self._seed, f"web of {day:.0f}")
        for flows in self._browsing.flows(day, self._calendar, drawn):
            if self.sees is not None:
                self.sees(flows, self._clients)
            yield self._browsing.lookups(flows, self._outside)

    def _counted(self, day: float) -> list[Hour]:
        crowds = [by_hour(lookups, day) for lookups in self._drawn(day)]
        return [
            (np.concatenate([who for who, _ in hour]), np.concatenate([n for _, n in hour]))
            for hour in zip(*crowds, strict=True)
        ]  # fmt: skip

    def _tally(self, hour: Hour) -> None:
        for client, count in zip(*(column.tolist() for column in hour), strict=True):
            self._resolver.tally(Tally(self._clients[client], _A, 0, 1, False, count))

    def _surf(self, lookups: Browsed) -> Process:
        columns = (column.tolist() for column in lookups)
        for at, client, site in zip(*columns, strict=True):
            yield at
            name = self._outside.web_name(site)
            self._resolver.ask(Asking(self._clients[client], name, _A))


def by_hour(lookups: Browsed, day: float) -> list[Hour]:
    """Count the lookups of each hour of a day by client.

    What a page brings after midnight counts for the hour after the last.
    """
    hours = ((lookups.at - day) // _HOUR).astype(int)
    counted = (np.unique(lookups.client[hours == n], return_counts=True) for n in range(_HOURS + 1))
    return list(counted)
