"""The web: what people do there on one day, in arrays, and how the loop plays it.

An active client reads pages of its sites of that day; a page brings connections to its site and to
two of the hosts that half of the web shares.  A name is looked up before it is used, unless the
client's system still has the answer.

People browse a crowd after the other, so that memory does not grow with the site.

No detector looks at ordinary lookups singly, so those of a client and hour are counted together;
where a data set or a capture is written each is an observation.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol

import numpy as np

from dnswatch.codes import Type
from dnswatch.lab.campus.calendar import DAY, Calendar
from dnswatch.lab.campus.chance import Popularity, numbers
from dnswatch.lab.campus.plan import WebPlan
from dnswatch.lab.campus.run.loop import Loop, Process
from dnswatch.lab.campus.run.resolver import Asking, Resolver
from dnswatch.lab.campus.world import Outside
from dnswatch.model.observation import Tally

SITES: Final = 50_000
CROWD: Final = 10_000
"""Clients whose day is drawn at a time, some 300 MB."""
_SHARED: Final = 8
"""Hosts of advertising, counting and pictures that many sites bring with them."""
_THIRD: Final = 2
"""Of them, on a page."""
_SPREAD: Final = 0.6
"""Sigma of the lognormal numbers of pages: some read ten times as many as others."""
_LOADING: Final = 1.0
"""Seconds in which most of a page's connections begin."""


class BrowsedDay(NamedTuple):
    """One day of browsing: parallel arrays, sorted by time."""

    at: np.ndarray
    "Unix seconds."
    client: np.ndarray
    "Place in the row of clients."
    site: np.ndarray
    "Number of the web site."


class Browsing:
    """The browsing of some clients."""

    def __init__(self, settings: WebPlan, clients: int, seed_numbers: np.random.Generator) -> None:
        """Draw the clients' habits."""
        self._settings = settings
        self._popularity = Popularity(SITES - _SHARED, settings.popularity)
        self._clients = clients
        self._weight = seed_numbers.lognormal(-(_SPREAD**2) / 2, _SPREAD, clients)
        self._keeps = seed_numbers.random(clients) < settings.caching

    def flows(
        self, day: float, calendar: Calendar, numbers: np.random.Generator
    ) -> Iterator[BrowsedDay]:
        """Draw the connections of a day that begins at `day` (Unix seconds), crowd by crowd."""
        for first in range(0, self._clients, CROWD):
            crowd = range(first, min(first + CROWD, self._clients))
            yield self._flows(crowd, day, calendar, numbers)

    def _flows(
        self, crowd: range, day: float, calendar: Calendar, numbers: np.random.Generator
    ) -> BrowsedDay:
        is_active = numbers.random(len(crowd)) < calendar.active(day)
        active = np.flatnonzero(is_active) + crowd.start
        pages = numbers.poisson(self._settings.pages * self._weight[active])
        who = np.repeat(np.arange(len(active)), pages)
        at = calendar.times(len(who), day, numbers)
        own = self._popularity.draws(len(active) * self._settings.sites, numbers) + _SHARED
        own = own.reshape(len(active), self._settings.sites)
        site = own[who, numbers.integers(self._settings.sites, size=len(who))]
        return self._loaded(BrowsedDay(at, active[who], site), numbers)

    def lookups(self, flows: BrowsedDay, outside: Outside) -> BrowsedDay:
        """Return those of the connections for which a name is looked up."""
        order = np.lexsort((flows.at, flows.site, flows.client))
        at, client, site = (column[order] for column in flows)
        is_same = np.zeros(len(at), dtype=bool)
        is_same[1:] = (client[1:] == client[:-1]) & (site[1:] == site[:-1])
        kinds, places = np.unique(site, return_inverse=True)
        ttls = np.array([outside.web_ttl(int(kind)) for kind in kinds])[places]
        # Who keeps no answers still does not ask twice while a page is loading.
        life = np.where(self._keeps[client], ttls, 3 * _LOADING)
        is_kept = np.zeros(len(at), dtype=bool)
        is_kept[1:] = is_same[1:] & (np.diff(at) < life[1:])
        asked = BrowsedDay(at[~is_kept], client[~is_kept], site[~is_kept])
        return _sorted(asked)

    def _loaded(self, pages: BrowsedDay, numbers: np.random.Generator) -> BrowsedDay:
        """Let each page bring its connections."""
        count = self._settings.flows
        which = np.repeat(np.arange(len(pages.at)), count)
        shared = numbers.integers(_SHARED, size=(len(pages.at), _THIRD))
        place = np.tile(np.arange(count), len(pages.at))
        is_shared = (place % 2 == 1) & (place > 0)
        site = np.where(is_shared, shared[which, place // 2 % _THIRD], pages.site[which])
        at = pages.at[which] + np.where(place > 0, numbers.exponential(_LOADING, len(which)), 0.0)
        return _sorted(BrowsedDay(at, pages.client[which], site))


def _sorted(day: BrowsedDay) -> BrowsedDay:
    order = np.argsort(day.at, kind="stable")
    return BrowsedDay(*(column[order] for column in day))


_A: Final = int(Type.A)
_HOUR: Final = 3600.0
_HOURS: Final = 24

Hour = tuple[np.ndarray, np.ndarray]
"""Clients, by their places in the row, and how many lookups each made."""


class Sees(Protocol):
    """Wants to know of each connection on the web, a day of a crowd at a time."""

    def __call__(self, day: BrowsedDay, clients: Sequence[bytes]) -> None:
        """Take a day's connections of some of the clients."""


class Web:
    """What the clients of a site browse."""

    def __init__(
        self,
        settings: WebPlan,
        clients: Sequence[bytes],
        seed: int,
        outside: Outside,
        resolver: Resolver,
        loop: Loop,
        calendar: Calendar,
    ) -> None:
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

    def _drawn(self, day: float) -> Iterator[BrowsedDay]:
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
        ]

    def _tally(self, hour: Hour) -> None:
        for client, count in zip(*(column.tolist() for column in hour), strict=True):
            self._resolver.tally(Tally(self._clients[client], _A, 0, 1, False, count))

    def _surf(self, lookups: BrowsedDay) -> Process:
        columns = (column.tolist() for column in lookups)
        for at, client, site in zip(*columns, strict=True):
            yield at
            name = self._outside.web_name(site)
            self._resolver.ask(Asking(self._clients[client], name, _A))


def by_hour(lookups: BrowsedDay, day: float) -> list[Hour]:
    """Count the lookups of each hour of a day by client.

    What a page brings after midnight counts for the hour after the last.
    """
    hours = ((lookups.at - day) // _HOUR).astype(int)
    counted = (np.unique(lookups.client[hours == n], return_counts=True) for n in range(_HOURS + 1))
    return list(counted)
