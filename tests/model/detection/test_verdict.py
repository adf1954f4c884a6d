"""The ladder, and the operator's knob."""

import pytest

from dnswatch.model.detection.verdict import Knob, Rung, State, Verdict, rung_of


@pytest.mark.parametrize(
    ("days", "rung", "state"),
    [
        (9.9, Rung.WATCHED, State.CLEAN),
        (10, Rung.SUSPECT, State.SUSPECT),
        (100, Rung.LIKELY, State.SUSPECT),
        (999, Rung.LIKELY, State.SUSPECT),
        (1000, Rung.INFECTED, State.INFECTED),
    ],
)
def test_harm_is_graded_with_evidence(days: float, rung: Rung, state: State) -> None:
    """Each rung is ten times rarer than the one below it."""
    assert rung_of(days, 1000) == rung
    assert rung.state == state


def test_the_limit_follows_from_the_tolerated_false_alarms() -> None:
    """One in 30 days for 1,000 clients, a fifth of it left to the whole site's test."""
    assert Knob(1).limit(1000) == 37_500
    assert Knob(2).limit(1000) == 18_750
    assert Knob(1).site_limit() == 150
    assert Knob(1).limit(3) == 3000


def test_a_verdict_says_how_much_is_missing() -> None:
    """An admin sees how near a client is."""
    assert Verdict(State.SUSPECT, Rung.SUSPECT, 6.0, 10.5).missing == 4.5
    assert Verdict(State.INFECTED, Rung.INFECTED, 11.0, 10.5).missing == 0
