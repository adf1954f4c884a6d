"""First lookups of a mail domain, and what each says."""

from collections import Counter
from math import log

import pytest

from dnswatch.lab.campus.defences.acts import SeenLookup
from dnswatch.lab.campus.defences.finders import (
    HOUR,
    LEARNED,
    MOST,
    THRESHOLDS,
    WITHIN,
    AnyMx,
    Count,
    Cusum,
    Entropy,
    FirstLookups,
    Sprt,
    Windows,
    entropy,
)
from tests.lab.campus.defences.acting import OTHER, alarm, asked


def test_only_a_first_lookup_says_something() -> None:
    """A domain counts once for each client, by how its first lookup ended."""
    lookups = FirstLookups()
    assert lookups.step(asked(0, 1, failed=True)) == pytest.approx(log(4))
    assert lookups.step(asked(1, 1)) is None
    assert lookups.step(asked(2, 2)) == pytest.approx(-log(4))
    assert lookups.step(asked(3, 1, client=OTHER)) == pytest.approx(-log(4))


def test_the_first_mx_question_is_an_alarm() -> None:
    """A worm that asks MX is found at once, one that guesses mail hosts never."""
    assert alarm(AnyMx(), [asked(0, 1, is_mx=False), asked(1, 2)]) == 2
    assert alarm(AnyMx(), [asked(n, n, is_mx=False) for n in range(99)]) is None


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


@pytest.mark.parametrize(("window", "most"), THRESHOLDS)
def test_each_window_has_its_own_most(window: float, most: int) -> None:
    """One domain more than a window allows, spread over nearly all of it, is an alarm."""
    step = window / (most + 1)
    assert alarm(Windows(), [asked(n * step, n) for n in range(most + 1)]) == most + 1


def test_one_domain_again_and_again_is_no_alarm() -> None:
    """Only different domains count."""
    assert alarm(Windows(), [asked(n, n % 5) for n in range(900)]) is None


def test_a_sender_below_the_longest_window_is_never_found() -> None:
    """Thirty domains a day pass."""
    step = THRESHOLDS[-1][0] / THRESHOLDS[-1][1]
    assert alarm(Windows(), [asked(n * step, n) for n in range(300)]) is None


def hours(count: int) -> list[SeenLookup]:
    """Hours in which twenty clients ask about as much as each other."""
    return [
        asked(hour * HOUR + n * 10, n, client=bytes([10, 0, 0, n % (19 + hour % 2)]))
        for hour in range(count)
        for n in range(100)
    ]


def test_a_flood_from_one_client_is_an_alarm_after_its_hour() -> None:
    """The client with most of the questions is named once the hour is over."""
    flood = [asked(LEARNED * HOUR + n, n) for n in range(2000)]
    after = [asked((LEARNED + 1) * HOUR, 1)]
    assert alarm(Entropy(), hours(LEARNED) + flood + after) == LEARNED * 100 + 2001


def test_an_even_site_is_no_alarm() -> None:
    """While the sources stay as they were nobody is named."""
    assert alarm(Entropy(), hours(LEARNED * 4)) is None


def test_entropy_is_in_bits() -> None:
    """Four sources alike are 2 bits, one alone is none."""
    assert entropy(Counter({b"a": 5, b"b": 5, b"c": 5, b"d": 5})) == pytest.approx(2)
    assert entropy(Counter({b"a": 9})) == 0


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
