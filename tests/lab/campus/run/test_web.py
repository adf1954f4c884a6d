"""The web on the loop: counted or played, it is the same web."""

from collections import Counter

import numpy as np

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.run.web import by_hour
from dnswatch.lab.campus.site.browsing import Day
from dnswatch.serve.policies import texts
from tests.lab.campus.scene import DAY, campus, plan


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
    day = Day(np.array([10.0, 20.0, DAY + 1]), np.array([3, 3, 5]), np.array([1, 2, 1]))
    hours = by_hour(day, 0.0)
    assert [[column.tolist() for column in hour] for hour in hours if len(hour[0])] == [
        [[3], [2]],
        [[5], [1]],
    ]
