"""Wald's test on failing first lookups."""

from dnswatch.lab.campus.defences.finders.sprt import Sprt
from tests.lab.campus.defences.acting import alarm, asked


def test_failures_alone_are_an_alarm_at_the_ninth() -> None:
    """With the published rates and a false alarm in 100,000, nine failures in a row suffice."""
    assert alarm(Sprt(), [asked(n, n, failed=True) for n in range(20)]) == 9


def test_lookups_that_succeed_never_are() -> None:
    """A worm with a clean list of targets is not seen."""
    assert alarm(Sprt(), [asked(n, n) for n in range(500)]) is None


def test_a_domain_counts_once() -> None:
    """Asking for one dead domain again and again is no evidence."""
    assert alarm(Sprt(), [asked(n, 7, failed=True) for n in range(500)]) is None


def test_an_honest_past_earns_little_credit() -> None:
    """At the lower bound the test begins anew: a machine that turns bad later is found."""
    past = [asked(n, n) for n in range(400)]
    assert alarm(Sprt(), past + [asked(n, n, failed=True) for n in range(400, 420)]) is not None
