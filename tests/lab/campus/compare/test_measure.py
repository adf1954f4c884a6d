"""One run in numbers."""

from dnswatch.lab.campus.compare.measure import measure
from dnswatch.lab.campus.run.truth import Fate, Infection, Mail, Truth

HOSTS = [bytes((10, 0, 0, n)) for n in range(3)]


def test_infections_are_counted_after_an_hour_a_day_and_at_the_end() -> None:
    """From the first one on."""
    truth = Truth()
    for host, at in zip(HOSTS, (1000.0, 5000.0, 200_000.0), strict=True):
        truth.infect(Infection(at, host, "slow", None))
    assert measure(truth, 1, "slow", "nothing").infected == (1, 2, 3)
    assert measure(Truth(), 1, "slow", "nothing").infected == (0, 0, 0)


def test_a_run_is_summed_up() -> None:
    """Mails by what became of them, verdicts by what they took."""
    truth = Truth()
    truth.infect(Infection(0.0, HOSTS[0], "slow", None))
    for fate in (Fate.LEFT, Fate.LEFT, Fate.HELD):
        truth.tried(Mail(1.0, HOSTS[0], f"{fate}.org", None, "slow", fate), is_server=False)
    truth.judged(HOSTS[0], "infected", 90.0)
    truth.tried(Mail(1.0, HOSTS[1], "a.org", None, "", Fate.REFUSED), is_server=False)
    found = measure(truth, 7, "slow", "delay")
    assert (found.tried, found.left, found.held) == (3, 2, 1)
    assert (found.domains, found.seconds) == ((2,), (90.0,))
    assert found.honest_touched == {"refused": 1}
