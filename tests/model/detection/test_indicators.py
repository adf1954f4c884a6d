"""Indicators never make an honest client look worse in the mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.detection import indicators
from dnswatch.model.detection.indicators import Indicator

EVERY = (*indicators.ALL, indicators.WORM)


@pytest.mark.parametrize("indicator", EVERY, ids=lambda indicator: indicator.name)
@given(bound=st.floats(0, 1), share=st.floats(0, 1))
def test_an_indicator_weighs_at_most_one_in_the_mean(
    indicator: Indicator, bound: float, share: float
) -> None:
    """Whatever an honest client's share is, up to its bound, the theorem stands."""
    true = share * max(bound, indicator.least)
    mean = true * indicator.factor(True, bound) + (1 - true) * indicator.factor(False, bound)
    assert mean <= 1 + 1e-9


@pytest.mark.parametrize("indicator", EVERY, ids=lambda indicator: indicator.name)
def test_an_indicator_speaks_against_who_shows_it(indicator: Indicator) -> None:
    """What is seen of senders raises the score, its absence lowers it."""
    assert (
        indicator.factor(True, indicator.least) > 1 > indicator.factor(False, indicator.least) > 0
    )


def test_an_indicator_that_honest_clients_show_as_often_tells_nothing() -> None:
    """A site where everybody delivers gets no evidence out of deliveries."""
    assert indicators.FOLLOWED.factor(True, 0.8) == indicators.FOLLOWED.factor(False, 0.8) == 1
