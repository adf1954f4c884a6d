"""Browsing: what the paper counted of people's connections comes out."""

from collections import Counter

import numpy as np
import pytest

from dnswatch.lab.campus.calendar import Calendar
from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.plan import CalendarPlan, CampusPlan, WebPlan
from dnswatch.lab.campus.run.web import BrowsedDay, Browsing, by_hour
from dnswatch.lab.campus.world import Outside
from dnswatch.serve.policies import texts
from tests.lab.campus.scene import DAY, campus, plan

MONDAY = 1_767_571_200.0


@pytest.fixture(scope="module")
def day() -> BrowsedDay:
    """Give a Monday of a thousand clients."""
    browsing = Browsing(WebPlan(), 1000, np.random.default_rng(1))
    (day,) = browsing.flows(MONDAY, Calendar(CalendarPlan()), np.random.default_rng(2))
    return day


def test_an_active_client_makes_400_connections_to_some_20_addresses(day: BrowsedDay) -> None:
    """A Study of Mass-mailing Worms, section 5.2 (within 20 %, and up to 35 addresses)."""
    clients = len(np.unique(day.client))
    assert clients == pytest.approx(720, rel=0.1)
    assert len(day.at) / clients == pytest.approx(400, rel=0.2)
    pairs = np.unique(day.client * 1_000_000 + day.site)
    assert 15 < len(pairs) / clients < 35


def test_a_name_is_looked_up_before_its_first_use_and_kept_for_its_ttl(day: BrowsedDay) -> None:
    """Fewer lookups than connections, in order, one at least for each client and site."""
    browsing = Browsing(WebPlan(), 1000, np.random.default_rng(1))
    asked = browsing.lookups(day, Outside(CampusPlan(), 1, (b"\x0a\0\0\1",)))
    assert np.all(np.diff(asked.at) >= 0)
    assert len(asked.at) < 0.7 * len(day.at)
    used, found = (np.unique(one.client * 1_000_000 + one.site) for one in (day, asked))
    assert np.array_equal(used, found)


def test_a_large_site_browses_crowd_by_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each client in one crowd, and as much as all at once."""
    monkeypatch.setattr("dnswatch.lab.campus.run.web.CROWD", 300)
    browsing = Browsing(WebPlan(), 1000, np.random.default_rng(1))
    calendar, numbers = Calendar(CalendarPlan()), np.random.default_rng(2)
    crowds = list(browsing.flows(MONDAY, calendar, numbers))
    assert [int(crowd.client.min() // 300) for crowd in crowds] == [0, 1, 2, 3]
    assert [int(crowd.client.max() // 300) for crowd in crowds] == [0, 1, 2, 3]
    assert sum(len(crowd.at) for crowd in crowds) == pytest.approx(720 * 400, rel=0.2)


def test_counted_and_played_it_is_the_same_number_of_lookups() -> None:
    """Two days, of which the second is foreseen: each client asks as often, however it is told."""
    chosen = plan()
    counted, played = campus(chosen), Campus(chosen, 1, texts(""), is_detailed=True)
    counted.web.foresee(chosen.begin + DAY, 1)
    for built in (counted, played):
        built.run(chosen.begin + 2 * DAY)
    # What a page brings after the last midnight is counted, and not played any more.
    assert 0 <= counted.truth.lookups["honest"] - played.truth.lookups["honest"] < 20


def test_connections_are_shown_to_whom_wants_to_see_them() -> None:
    """A day of all clients."""
    built, seen = campus(plan()), Counter[bytes]()
    built.web.sees = lambda day, clients: seen.update(clients[n] for n in day.client.tolist())
    built.run(built.plan.begin + 1)
    assert set(seen) < set(built.site.clients)
    assert len(seen) > 20


def test_what_comes_after_midnight_counts_for_its_own_client() -> None:
    """In an hour after the last."""
    day = BrowsedDay(np.array([10.0, 20.0, DAY + 1]), np.array([3, 3, 5]), np.array([1, 2, 1]))
    hours = by_hour(day, 0.0)
    assert [[column.tolist() for column in hour] for hour in hours if len(hour[0])] == [
        [[3], [2]],
        [[5], [1]],
    ]
