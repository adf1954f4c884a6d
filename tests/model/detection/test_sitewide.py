"""The whole site sees what no client shows alone, and no client alone makes it."""

from random import Random

import pytest

from bench.detection import lookups
from dnswatch.model.detection.sitewide import (
    COINCIDENCE,
    DAILY,
    WINDOW,
    Calmed,
    Member,
    Sitewide,
    Usual,
    Warned,
    likelihood_ratio,
    scattered,
)

DAY = 86400.0
AT = 1_767_571_200.0
WEEK = (1.0,) * WINDOW


def site(chance: Random, clients: int, infected: int, extra: float) -> list[Member]:
    """Clients with 0.1 bursts a day in the mean; some do more."""
    members = []
    for number in range(clients):
        rate = chance.gammavariate(0.5, 0.2) + extra * (number < infected)
        bursts = tuple(sum(chance.random() < rate / 50 for _ in range(50)) for _ in WEEK)
        members.append(Member(lookups.client(number), 0.5, 5.0, bursts))
    return members


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_likelihood_ratio_has_mean_one(count: int) -> None:
    """What honest clients' counts are divided by is what they are drawn from."""
    shape, days, window, extra = 0.7 + count, 14.0, 7.0, 0.5
    share, mass, mean = window / (days + window), (days / (days + window)) ** shape, 0.0
    for n in range(200):
        mean += mass * likelihood_ratio(n, shape, days, window, extra)
        mass *= (shape + n) / (n + 1) * share
    assert mean == pytest.approx(1, abs=1e-6)


@pytest.mark.whole
def test_the_e_value_of_honest_sites_is_at_most_the_time_in_the_mean() -> None:
    """The site's statistic promises what each client's does."""
    chance = Random(4)
    values = [scattered(site(chance, 150, 0, 0), WEEK, 0)[0] for _ in range(150)]
    mean = sum(values) / len(values)
    spread = (sum((one - mean) ** 2 for one in values) / len(values) ** 2) ** 0.5
    assert mean <= WINDOW + 3 * spread


def test_many_slow_senders_are_seen_together_and_ranked() -> None:
    """Twenty of 300 clients with one domain a day more stand out, and top the list."""
    value, ranked = scattered(site(Random(2), 300, 20, 1.0), WEEK, 0)
    assert value > 150
    named = {client for client, _ in ranked[:10]}
    assert len(named & {lookups.client(number) for number in range(20)}) >= 6


def test_no_client_alone_warns_the_site() -> None:
    """A client that does a thousand times more is that client's own verdict."""
    members = [Member(lookups.client(1), 0.5, 60.0, (500,) * WINDOW)]
    assert scattered(members, WEEK, 200)[0] < 150


def test_a_rise_of_the_whole_site_shows_and_its_usual_does_not() -> None:
    """Twice as many new domains for a week are evidence; the usual number is none."""

    def after(rise: float, seed: int) -> float:
        chance, usual = Random(seed), Usual()
        for _ in range(28):
            usual.fold(round(chance.gauss(100, 12)), 1.0, is_judged=False)
        return [usual.fold(round(chance.gauss(100 * rise, 12)), 1.0, True) for _ in range(7)][-1]

    assert after(2.0, 1) > 1000
    assert max(after(1.0, seed) for seed in range(20)) < 20


def test_a_rare_domain_of_two_clients_is_a_coincidence_once() -> None:
    """Machines that walk the same list meet; a server's correspondents are no news."""
    fleet = Sitewide()
    fleet.remember(b"\3org\0", AT)
    fleet.see(lookups.client(1), b"\3org\0", AT + 1)
    fleet.see(lookups.client(1), b"\3net\0", AT)
    fleet.see(lookups.client(1), b"\3net\0", AT + 1)
    fleet.see(lookups.client(2), b"\3net\0", AT + 60)
    fleet.see(lookups.client(3), b"\3net\0", AT + 61)
    fleet.see(lookups.client(1), b"\3com\0", AT)
    fleet.see(lookups.client(2), b"\3com\0", AT + COINCIDENCE + 1)
    fleet.learn_day(1.0)
    assert fleet.coincidence.total == 1
    assert fleet.pooled.total == 2


def test_a_client_counts_for_the_site_a_few_times_a_day() -> None:
    """A list that one client imports is no rise of the whole site."""
    fleet = Sitewide()
    for n in range(100):
        fleet.see(lookups.client(1), bytes((3, *b"%03d" % n, 0)), AT + n)
    fleet.learn_day(1.0)
    assert fleet.pooled.total == DAILY


def test_what_the_site_has_heard_survives_a_restart() -> None:
    """A domain is not news again since dnswatch was restarted."""
    before, after = Sitewide(), Sitewide()
    before.see(lookups.client(1), b"\3net\0", AT)
    after.restore(before.export())
    after.see(lookups.client(1), b"\3net\0", AT + DAY)
    after.learn_day(1.0)
    assert after.pooled.total == 0


def test_a_warning_is_told_when_it_begins_and_when_it_ends() -> None:
    """A site that stays unusual for days is one warning, not one a day."""
    fleet, quiet = Sitewide(), Member(lookups.client(0), 0.5, 60.0, (0,) * WINDOW)
    busy = [Member(lookups.client(n), 0.5, 60.0, (3,) * WINDOW) for n in range(20)]
    days = [[quiet], busy, busy, busy, [quiet], [quiet]]
    told = [fleet.end_day(AT, WEEK, members, 200, 150.0) for members in days]
    assert [type(one) for one in told if one] == [Warned, Calmed]
    assert told[1]
    assert told[4]
