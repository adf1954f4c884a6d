"""Who is no worm and looks like one: each has the state that docs/detection.md says."""

import pytest

from bench.detection.negatives import NEGATIVES, WHO, Negative, worst
from dnswatch.model.detection.verdict import State

from .scene import MONDAY, READY, learned


@pytest.mark.parametrize("one", NEGATIVES, ids=lambda one: one.name)
def test_an_undeclared_client_gets_the_state_that_is_documented(one: Negative) -> None:
    """Those that are infected here must be declared; the others need nothing."""
    watch = learned()
    watch.meet(WHO, MONDAY)
    assert worst(watch, one.story, READY).state == one.undeclared


@pytest.mark.parametrize("one", [one for one in NEGATIVES if one.role], ids=lambda one: one.name)
def test_who_must_be_declared_is_clean_once_it_is(one: Negative) -> None:
    """A declaration is all that it takes."""
    assert one.role
    watch = learned(roles={WHO: one.role})
    assert worst(watch, one.story, READY).state == State.CLEAN
