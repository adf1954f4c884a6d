"""The walk that never falls below 0."""

from dnswatch.lab.campus.defences.finders.cusum import Cusum
from tests.lab.campus.defences.acting import alarm, asked


def test_failures_alone_are_an_alarm_at_the_fifth() -> None:
    """Five first failures in a row pass a limit of a thousand lookups between false alarms."""
    assert alarm(Cusum(), [asked(n, n, failed=True) for n in range(20)]) == 5


def test_an_honest_past_earns_no_credit() -> None:
    """Whatever came before, five failures in a row are an alarm."""
    past = [asked(n, n) for n in range(400)]
    now = [asked(n, n, failed=True) for n in range(400, 420)]
    assert alarm(Cusum(), past + now) == 405


def test_few_failures_among_many_are_none() -> None:
    """One failure in five is what honest clients have."""
    assert alarm(Cusum(), [asked(n, n, failed=n % 5 == 0) for n in range(900)]) is None
