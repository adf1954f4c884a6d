"""Browsing: what people do on the web on one day, in arrays.

An active client reads pages of its sites of that day; a page brings connections to its site and to
two of the hosts that half of the web shares.  A name is looked up before it is used, unless the
client's system still has the answer.

People browse a crowd after the other, so that memory does not grow with the site.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from dnswatch.lab.campus.calendar import Calendar
from dnswatch.lab.campus.plan import Web as Settings
from dnswatch.lab.campus.world.outside import Outside
from dnswatch.lab.campus.world.popularity import Popularity

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


class Day(NamedTuple):
    """One day of browsing: parallel arrays, sorted by time."""

    at: np.ndarray
    "Unix seconds."
    client: np.ndarray
    "Place in the row of clients."
    site: np.ndarray
    "Number of the web site."


class Browsing:
    """The browsing of some clients."""

    def __init__(self, settings: Settings, clients: int, seed_numbers: np.random.Generator) -> None:
        """Draw the clients' habits."""
        self._settings = settings
        self._popularity = Popularity(SITES - _SHARED, settings.popularity)
        self._clients = clients
        self._weight = seed_numbers.lognormal(-(_SPREAD**2) / 2, _SPREAD, clients)
        self._keeps = seed_numbers.random(clients) < settings.caching

    def flows(self, day: float, calendar: Calendar, numbers: np.random.Generator) -> Iterator[Day]:
        """Draw the connections of a day that begins at `day` (Unix seconds), crowd by crowd."""
        for first in range(0, self._clients, CROWD):
            crowd = range(first, min(first + CROWD, self._clients))
            yield self._flows(crowd, day, calendar, numbers)

    def _flows(
        self, crowd: range, day: float, calendar: Calendar, numbers: np.random.Generator
    ) -> Day:
        is_active = numbers.random(len(crowd)) < calendar.active(day)
        active = np.flatnonzero(is_active) + crowd.start
        pages = numbers.poisson(self._settings.pages * self._weight[active])
        who = np.repeat(np.arange(len(active)), pages)
        at = calendar.times(len(who), day, numbers)
        own = self._popularity.draws(len(active) * self._settings.sites, numbers) + _SHARED
        own = own.reshape(len(active), self._settings.sites)
        site = own[who, numbers.integers(self._settings.sites, size=len(who))]
        return self._loaded(Day(at, active[who], site), numbers)

    def lookups(self, flows: Day, outside: Outside) -> Day:
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
        asked = Day(at[~is_kept], client[~is_kept], site[~is_kept])
        return _sorted(asked)

    def _loaded(self, pages: Day, numbers: np.random.Generator) -> Day:
        """Let each page bring its connections."""
        count = self._settings.flows
        which = np.repeat(np.arange(len(pages.at)), count)
        shared = numbers.integers(_SHARED, size=(len(pages.at), _THIRD))
        place = np.tile(np.arange(count), len(pages.at))
        is_shared = (place % 2 == 1) & (place > 0)
        site = np.where(is_shared, shared[which, place // 2 % _THIRD], pages.site[which])
        at = pages.at[which] + np.where(place > 0, numbers.exponential(_LOADING, len(which)), 0.0)
        return _sorted(Day(at, pages.client[which], site))


def _sorted(day: Day) -> Day:
    order = np.argsort(day.at, kind="stable")
    return Day(*(column[order] for column in day))
