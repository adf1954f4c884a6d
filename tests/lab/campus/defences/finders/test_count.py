"""More than 30 MX questions in 5 minutes."""

from dnswatch.lab.campus.defences.finders.count import MOST, WITHIN, Count
from tests.lab.campus.defences.acting import OTHER, alarm, asked


def test_the_thirty_first_question_in_five_minutes_is_an_alarm() -> None:
    """A fast sender is found at its 31st question."""
    assert alarm(Count(), [asked(n, n) for n in range(60)]) == MOST + 1


def test_a_slower_sender_is_never_found() -> None:
    """One that spreads its questions just wider than the window stays below."""
    step = WITHIN / MOST + 0.1
    assert alarm(Count(), [asked(n * step, n) for n in range(500)]) is None


def test_clients_are_counted_apart() -> None:
    """Two clients' questions never add up, and A questions do not count."""
    both = [asked(n, n, client=OTHER if n % 2 else asked(0, 0).client) for n in range(2 * MOST)]
    assert alarm(Count(), both) is None
    assert alarm(Count(), [asked(n, n, is_mx=False) for n in range(99)]) is None
