"""Several windows, several thresholds."""

import pytest

from dnswatch.lab.campus.defences.finders.windows import THRESHOLDS, Windows
from tests.lab.campus.defences.acting import alarm, asked


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
