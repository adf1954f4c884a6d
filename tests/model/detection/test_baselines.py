"""Bounds are learned from what clients do, and cannot be taught by a worm."""

from random import Random

import pytest

from dnswatch.model.detection.baselines import (
    CAPS,
    CONTINUED,
    DAILY,
    FLOOR,
    HALF_LIFE,
    LEAST_CONTINUATION,
    MOST_CONTINUATION,
    Baseline,
    Day,
    History,
)
from dnswatch.model.role import Role
from dnswatch.model.week import HOURS, RUSH, Week

KNOWN = Week([1e9] * HOURS)
"""A week that was learned so long that nothing of it is in doubt."""


def day(number: int, bursts: int = 1, is_tainted: bool = False) -> Day:
    """A day with some bursts."""
    made = Day(number, is_tainted=is_tainted)
    for n in range(bursts):
        made.note_session(number * 86400.0 + n * 600)
    return made


def history(days: int, bursts: float) -> History:
    """A client that was learned for some days."""
    return History(100, at=100 + days, bursts=bursts)


def lived(days: int = 28) -> Baseline:
    """What is learned of clients, as far as time is concerned."""
    baseline = Baseline(Role.CLIENT)
    baseline.live(100, 100 + days)
    return baseline


def test_a_silent_client_is_allowed_less_the_longer_it_is_silent() -> None:
    """Whoever never sends mail is found by its first mails."""
    baseline = Baseline(Role.CLIENT)
    rates = [baseline.bounds(history(days, 0), 100 + days, KNOWN).rate for days in (0, 7, 60)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] >= FLOOR


def test_a_busy_client_is_allowed_more_than_it_did() -> None:
    """A bound is above the rate that was seen, and below the cap of the role."""
    bound = Baseline(Role.CLIENT).bounds(history(28, 28), 128, KNOWN).rate
    assert 1 < bound < CAPS[Role.CLIENT]
    assert Baseline(Role.CLIENT).bounds(history(28, 9999), 128, KNOWN).rate == CAPS[Role.CLIENT]


@pytest.mark.whole
def test_the_fit_finds_how_unequal_clients_are() -> None:
    """Rates of a site's clients are learned with their spread."""
    chance = Random(5)
    clients = []
    for _ in range(3000):
        rate = chance.gammavariate(0.5, 0.4)
        clients.append((float(sum(chance.random() < rate / 100 for _ in range(2800))), 28.0))
    baseline = lived()
    baseline.fit(clients, 0, 28.0)
    shape, days = baseline.prior
    assert shape / days == pytest.approx(0.2, rel=0.2)
    assert 0.3 < shape < 0.9


def test_a_new_client_may_be_the_busiest_of_all_at_another_address() -> None:
    """Until six days of it are known it is allowed as much, if not more than its role may ever."""
    baseline, new = lived(), History(128, 128)
    baseline.fit([(1.0, 28.0)] * 300 + [(60.0, 28.0)], 700, 28.0)
    assert baseline.bounds(new, 128, KNOWN).rate == pytest.approx(60 / 28)
    assert baseline.bounds(History(100, 128), 128, KNOWN).rate < 0.2
    baseline.fit([(3.0, 1.0)], 1000, 28.0)  # of one day nobody knows what it is typical of
    assert baseline.bounds(new, 128, KNOWN).rate == pytest.approx(0.5)
    baseline.fit([(600.0, 28.0)], 1000, 28.0)
    assert baseline.bounds(new, 128, KNOWN).rate == CAPS[Role.CLIENT]


def test_the_busiest_clients_count_as_no_busier_than_the_next() -> None:
    """Some may be infected; but that some are much busier than others must be learned."""
    usual, busy, worms = lived(), lived(), lived()
    usual.fit([(1.0, 28.0)] * 1000, 0, 28.0)
    busy.fit([(1.0, 28.0)] * 970 + [(20.0, 28.0)] * 30, 0, 28.0)
    worms.fit([(1.0, 28.0)] * 970 + [(20.0, 28.0)] * 20 + [(600.0, 28.0)] * 10, 0, 28.0)
    assert busy.prior[0] < usual.prior[0] / 2
    assert worms.prior == pytest.approx(busy.prior)


def test_clients_that_never_asked_count_as_silent() -> None:
    """A site whose clients send no mail allows little."""
    few, many = lived(), lived()
    few.fit([(2.0, 28.0)] * 10, 0, 28.0)
    many.fit([(2.0, 28.0)] * 10, 990, 28.0)
    new = History(128, 128)
    assert many.bounds(new, 128, KNOWN).rate < few.bounds(new, 128, KNOWN).rate


def test_six_days_say_nothing_of_the_seventh() -> None:
    """A site that was learned over a weekend is bounded as one that was not learned at all."""
    short, whole = lived(6), lived(7)
    for baseline in (short, whole):
        for number in range(100, 106):
            baseline.learn(day(number, DAILY))
        baseline.fit([(0.0, 6.0)] * 1000, 0, 6.0)
    assert short.prior == Baseline(Role.CLIENT).prior != whole.prior
    assert short.week().doubt == RUSH > whole.week().doubt


def test_a_rate_holds_in_the_busiest_hour_of_a_week_that_is_not_known() -> None:
    """People work in a quarter of the hours: their rate in those is four times the mean."""
    quiet, busy, full = history(60, 0), history(28, 14), history(28, 9999)
    for client in (quiet, busy):
        known, unknown = (
            Baseline(Role.CLIENT).bounds(client, 160, week) for week in (KNOWN, Week())
        )
        assert unknown.rate == pytest.approx(RUSH * known.rate)
        assert unknown.continuation == known.continuation
    assert Baseline(Role.CLIENT).bounds(full, 128, Week()).rate == CAPS[Role.CLIENT]


def test_what_all_clients_do_together_is_bounded_the_closer_the_more_they_did() -> None:
    """A hundred bursts may have been a sixth too few by chance, ten thousand hardly any."""
    surpluses = []
    for bursts in (0, 100, 10_000):
        baseline = Baseline(Role.CLIENT, hours=[bursts / HOURS] * HOURS)
        surpluses.append(baseline.surplus)
    assert surpluses[0] > 2
    assert surpluses[1] == pytest.approx(1.16, abs=0.01)
    assert surpluses[2] < 1.02


def test_an_infected_client_does_not_teach_its_rate() -> None:
    """Of a tainted day no more is learned than that something was done."""
    poisoned = History(100, 100)
    poisoned.learn(day(101, 200, is_tainted=True))
    assert poisoned.bursts == 1
    baseline = Baseline(Role.CLIENT)
    baseline.learn(day(101, 200, is_tainted=True))
    assert not any(baseline.hours)


def test_one_client_does_not_outvote_the_others() -> None:
    """A machine that never stops adds a few trials a day to what is pooled."""
    busy = Day(101)
    for _ in range(10_000):
        busy.note("continued", True)
    assert busy.trials == {"continued": DAILY}
    assert busy.seen == {"continued": DAILY}


def test_what_was_learned_counts_half_after_its_half_life() -> None:
    """Habits change."""
    client = History(0, 0)
    client.learn(day(10, 4))
    assert client.count(10 + int(HALF_LIFE)) == pytest.approx(2)


def test_a_client_that_walks_lists_is_allowed_longer_bursts() -> None:
    """The continuation follows the client, within its limits."""
    baseline = Baseline(Role.CLIENT, shares={CONTINUED: 0.2})
    single = History(0, 0, tried={CONTINUED: 200.0})
    walker = History(0, 0, tried={CONTINUED: 200.0}, seen={CONTINUED: 190.0})
    assert baseline.bounds(single, 0, KNOWN).continuation == LEAST_CONTINUATION
    assert baseline.bounds(walker, 0, KNOWN).continuation == MOST_CONTINUATION


def test_a_declared_resolver_has_its_cap_until_it_has_a_history() -> None:
    """Nobody knows beforehand how many people are behind it."""
    baseline = Baseline.begin(Role.RESOLVER)
    assert baseline.bounds(History(0, 0), 0, KNOWN).rate == pytest.approx(500, rel=0.01)
    assert baseline.bounds(history(28, 560), 128, KNOWN).rate < 30


def test_each_weekday_counts_the_same() -> None:
    """A week that was learned from Monday to Wednesday does not look like three days long."""
    baseline = Baseline(Role.CLIENT)
    for number in range(100, 117):
        baseline.learn(day(number, DAILY))
    baseline.live(100, 117)
    week = baseline.week()
    spent = [week.days(n * 86400.0, (n + 1) * 86400.0) for n in range(7)]
    assert max(spent) / min(spent) < 1.1


def test_a_role_all_of_whose_few_bursts_went_on_is_bounded_all_the_same() -> None:
    """The first two domains of a gateway may come within a minute: a share of one of one."""
    baseline = Baseline.begin(Role.RESOLVER)
    day = Day(20_000)
    day.note(CONTINUED, True)
    baseline.learn(day)
    baseline.fit([], 0, 7.0)
    assert baseline.bounds(History(20_000), 20_001, KNOWN).continuation == MOST_CONTINUATION
