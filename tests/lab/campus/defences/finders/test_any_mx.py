"""Any MX question is an alarm."""

from dnswatch.lab.campus.defences.finders.any_mx import AnyMx
from tests.lab.campus.defences.acting import alarm, asked


def test_the_first_mx_question_is_an_alarm() -> None:
    """A worm that asks MX is found at once, one that guesses mail hosts never."""
    assert alarm(AnyMx(), [asked(0, 1, is_mx=False), asked(1, 2)]) == 2
    assert alarm(AnyMx(), [asked(n, n, is_mx=False) for n in range(99)]) is None
