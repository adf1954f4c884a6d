"""What a throttle does to people's pages."""

from math import inf

import numpy as np

from dnswatch.lab.campus.compare.surfing import surf
from dnswatch.lab.campus.defences.acts import Contact
from dnswatch.lab.campus.defences.throttles.hosts import HostThrottle
from dnswatch.lab.campus.site.browsing import Day

CLIENTS = [b"\x0a\0\0\1", b"\x0a\0\0\2"]


class Cutting:
    """Cuts the second client off."""

    def leaves(self, contact: Contact) -> float:
        return inf if contact.client == CLIENTS[1] else 0.0

    def ended(self, contact: Contact, succeeded: bool) -> None:
        assert contact.client == CLIENTS[0]


def day(sites: list[int], client: int) -> Day:
    return Day(
        np.arange(len(sites), dtype=float) / 100, np.full(len(sites), client), np.array(sites)
    )


def test_a_page_with_many_hosts_is_slowed_and_one_with_few_is_not() -> None:
    """Beyond the first, one new host a second."""
    assert surf(HostThrottle(), day([1, 1, 1, 1], 0), CLIENTS).slow == 0
    assert surf(HostThrottle(), day(list(range(20)), 0), CLIENTS).slow > 0.8


def test_who_is_cut_off_is_counted_once() -> None:
    """However many connections that takes."""
    found = surf(Cutting(), day([1, 2, 3], 1), CLIENTS)
    assert (found.slow, found.stopped) == (1.0, 1)
    assert surf(Cutting(), day([1, 2, 3], 0), CLIENTS).stopped == 0
