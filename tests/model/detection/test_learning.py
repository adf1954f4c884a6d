"""When a site is learned."""

from bench.detection import lookups
from dnswatch.model.detection.baselines import DELAY, Day
from dnswatch.model.detection.client_state import ClientState
from dnswatch.model.detection.learning import DAY, Learning
from dnswatch.model.role import Role

WHO = lookups.client(1)
FIRST = 20_000
LEARNING = Learning(FIRST * DAY, 14 * DAY)


def case(learning: Learning, *numbers: int) -> ClientState:
    """A client with a burst on each of some days."""
    history = learning.history(Role.CLIENT, FIRST, FIRST)
    bounds = learning.bounds(Role.CLIENT, history, FIRST)
    days = [Day(number, bursts=1) for number in numbers]
    return ClientState(WHO, Role.CLIENT, history, bounds, FIRST, days=days)


def test_the_first_half_of_the_learning_period_only_fills_the_memory() -> None:
    """To an empty memory everything is novel, and nobody is judged by that."""
    assert LEARNING.listens - FIRST * DAY == 7 * DAY
    assert LEARNING.ends - FIRST * DAY == 14 * DAY


def test_only_whole_days_are_learned() -> None:
    """A watch that begins at five in the afternoon does not learn that its weekday is quiet."""
    late = Learning((FIRST + 0.7) * DAY, 14 * DAY)
    assert late.listens == (FIRST + 7) * DAY
    assert late.history(Role.CLIENT, FIRST, FIRST).since == FIRST + 7
    assert late.known(FIRST + 14) == FIRST + 14
    at_once = Learning((FIRST + 0.7) * DAY, 0)
    assert at_once.listens == (FIRST + 0.7) * DAY
    assert at_once.history(Role.CLIENT, FIRST, FIRST).since == FIRST + 1


def test_a_day_is_learned_when_it_is_old_enough() -> None:
    """What a day was the beginning of is seen before it teaches."""
    learning = Learning(FIRST * DAY, 14 * DAY)
    one = case(learning, FIRST + 30, FIRST + 31)
    learning.learn([one], lambda _: Role.CLIENT, FIRST + 31 + DELAY)
    assert [day.number for day in one.days] == [FIRST + 31]
    assert one.history.bursts == 1


def test_during_the_learning_period_days_teach_at_once() -> None:
    """When verdicts begin, the whole period has been learned."""
    assert LEARNING.known(FIRST + 14) == FIRST + 14
    assert LEARNING.known(FIRST + 15) == FIRST + 14
    assert LEARNING.known(FIRST + 40) == FIRST + 40 - DELAY


def test_a_silent_server_tells_nothing_of_its_later_work() -> None:
    """A resolver that is declared today is not bound by its silence until now."""
    assert LEARNING.history(Role.CLIENT, FIRST, FIRST + 60).since == FIRST + 7
    assert LEARNING.history(Role.RESOLVER, FIRST, FIRST + 60).since == FIRST + 60


def test_what_was_learned_survives_a_restart() -> None:
    """A restart is no new learning period."""
    before, after = Learning(FIRST * DAY, 14 * DAY), Learning(FIRST * DAY, 14 * DAY)
    end = FIRST + 20
    before.fit(Role.CLIENT, [(case(before).history, end)], [(FIRST, end)] * 100, end)
    after.restore(before.export())
    assert after.baseline(Role.CLIENT) == before.baseline(Role.CLIENT)
