"""One run in numbers."""

from math import inf

import numpy as np

from dnswatch.lab.campus.compare.measure import measure, surf
from dnswatch.lab.campus.defences.acts import SeenContact
from dnswatch.lab.campus.defences.throttles import HostThrottle
from dnswatch.lab.campus.run.truth import Infected, MailFate, SentMail, Truth
from dnswatch.lab.campus.run.web import BrowsedDay

HOSTS = [bytes((10, 0, 0, n)) for n in range(3)]


def test_infections_are_counted_after_an_hour_a_day_and_at_the_end() -> None:
    """From the first one on."""
    truth = Truth()
    for host, at in zip(HOSTS, (1000.0, 5000.0, 200_000.0), strict=True):
        truth.infect(Infected(at, host, "slow", None))
    assert measure(truth, 1, "slow", "nothing").infected == (1, 2, 3)
    assert measure(Truth(), 1, "slow", "nothing").infected == (0, 0, 0)


def test_a_run_is_summed_up() -> None:
    """Mails by what became of them, verdicts by what they took."""
    truth = Truth()
    truth.infect(Infected(0.0, HOSTS[0], "slow", None))
    for fate in (MailFate.LEFT, MailFate.LEFT, MailFate.HELD):
        truth.tried(SentMail(1.0, HOSTS[0], f"{fate}.org", None, "slow", fate), is_server=False)
    truth.judged(HOSTS[0], "infected", 90.0)
    truth.tried(SentMail(1.0, HOSTS[1], "a.org", None, "", MailFate.REFUSED), is_server=False)
    found = measure(truth, 7, "slow", "delay")
    assert (found.tried, found.left, found.held) == (3, 2, 1)
    assert (found.domains, found.seconds) == ((2,), (90.0,))
    assert found.honest_touched == {"refused": 1}


CLIENTS = [b"\x0a\0\0\1", b"\x0a\0\0\2"]


class Cutting:
    """Cuts the second client off."""

    def leaves(self, contact: SeenContact) -> float:
        return inf if contact.client == CLIENTS[1] else 0.0

    def ended(self, contact: SeenContact, succeeded: bool) -> None:
        assert contact.client == CLIENTS[0]


def day(sites: list[int], client: int) -> BrowsedDay:
    return BrowsedDay(
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
