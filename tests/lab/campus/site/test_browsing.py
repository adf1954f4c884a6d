"""Browsing: what the paper counted of people's connections comes out."""

import numpy as np
import pytest

from dnswatch.lab.campus import plan
from dnswatch.lab.campus.calendar import Calendar
from dnswatch.lab.campus.plan import Plan
from dnswatch.lab.campus.site.browsing import Browsing, Day
from dnswatch.lab.campus.world.outside import Outside

MONDAY = 1_767_571_200.0


@pytest.fixture(scope="module")
def day() -> Day:
    """Give a Monday of a thousand clients."""
    browsing = Browsing(plan.Web(), 1000, np.random.default_rng(1))
    (day,) = browsing.flows(MONDAY, Calendar(plan.Calendar()), np.random.default_rng(2))
    return day


def test_an_active_client_makes_400_connections_to_some_20_addresses(day: Day) -> None:
    """A Study of Mass-mailing Worms, section 5.2 (within 20 %, and up to 35 addresses)."""
    clients = len(np.unique(day.client))
    assert clients == pytest.approx(720, rel=0.1)
    assert len(day.at) / clients == pytest.approx(400, rel=0.2)
    pairs = np.unique(day.client * 1_000_000 + day.site)
    assert 15 < len(pairs) / clients < 35


def test_a_name_is_looked_up_before_its_first_use_and_kept_for_its_ttl(day: Day) -> None:
    """Fewer lookups than connections, in order, one at least for each client and site."""
    browsing = Browsing(plan.Web(), 1000, np.random.default_rng(1))
    asked = browsing.lookups(day, Outside(Plan(), 1, (b"\x0a\0\0\1",)))
    assert np.all(np.diff(asked.at) >= 0)
    assert len(asked.at) < 0.7 * len(day.at)
    used, found = (np.unique(one.client * 1_000_000 + one.site) for one in (day, asked))
    assert np.array_equal(used, found)


def test_a_large_site_browses_crowd_by_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each client in one crowd, and as much as all at once."""
    monkeypatch.setattr("dnswatch.lab.campus.site.browsing.CROWD", 300)
    browsing = Browsing(plan.Web(), 1000, np.random.default_rng(1))
    calendar, numbers = Calendar(plan.Calendar()), np.random.default_rng(2)
    crowds = list(browsing.flows(MONDAY, calendar, numbers))
    assert [int(crowd.client.min() // 300) for crowd in crowds] == [0, 1, 2, 3]
    assert [int(crowd.client.max() // 300) for crowd in crowds] == [0, 1, 2, 3]
    assert sum(len(crowd.at) for crowd in crowds) == pytest.approx(720 * 400, rel=0.2)
