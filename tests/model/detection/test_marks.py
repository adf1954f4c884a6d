"""Marks never make an honest client look worse in the mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.detection import marks
from dnswatch.model.detection.marks import Mark

EVERY = (*marks.ALL, marks.WORM)


@pytest.mark.parametrize("mark", EVERY, ids=lambda mark: mark.name)
@given(bound=st.floats(0, 1), share=st.floats(0, 1))
def test_a_mark_weighs_at_most_one_in_the_mean(mark: Mark, bound: float, share: float) -> None:
    """Whatever an honest client's share is, up to its bound, the theorem stands."""
    true = share * max(bound, mark.least)
    mean = true * mark.factor(True, bound) + (1 - true) * mark.factor(False, bound)
    assert mean <= 1 + 1e-9


@pytest.mark.parametrize("mark", EVERY, ids=lambda mark: mark.name)
def test_a_mark_speaks_against_who_shows_it(mark: Mark) -> None:
    """What is seen of senders raises the score, its absence lowers it."""
    assert mark.factor(True, mark.least) > 1 > mark.factor(False, mark.least) > 0


def test_a_mark_that_honest_clients_show_as_often_tells_nothing() -> None:
    """A site where everybody delivers gets no evidence out of deliveries."""
    assert marks.FOLLOWED.factor(True, 0.8) == marks.FOLLOWED.factor(False, 0.8) == 1
