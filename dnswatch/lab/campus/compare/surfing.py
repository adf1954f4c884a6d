"""Surfing: what a throttle does to people's pages, tried on a day of some clients."""

from collections.abc import Sequence
from math import inf
from typing import Final, NamedTuple

import numpy as np

from dnswatch.lab.campus.defences.acts import Contact, Throttle
from dnswatch.lab.campus.site.browsing import Day
from dnswatch.lab.campus.world.outside import HTTP, Outside

CLIENTS: Final = 60
"""Clients looked at."""
NOTICED: Final = 1.0
"""Seconds after which a person's flow of thought is interrupted (Nielsen 1993)."""


class Surfed(NamedTuple):
    """How it went."""

    slow: float
    "Share of connections that waited longer than `NOTICED`."
    stopped: int
    "Clients that were cut off."


def surf(throttle: Throttle, day: Day, clients: Sequence[bytes]) -> Surfed:
    """Let the first clients of the day go through a throttle."""
    chosen = np.unique(day.client)[:CLIENTS]
    picked = np.isin(day.client, chosen)
    slow, stopped = 0, set[int]()
    columns = (column[picked].tolist() for column in day)
    for at, client, site in zip(*columns, strict=True):
        contact = Contact(at, clients[client], Outside.web_address(site), HTTP, True)
        wait = throttle.leaves(contact)
        slow += wait > NOTICED
        if wait == inf:
            stopped.add(client)
        else:
            throttle.ended(contact._replace(at=at + wait), True)
    return Surfed(slow / max(1, int(picked.sum())), len(stopped))
