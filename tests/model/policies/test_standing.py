"""Where on the ladder a client stands."""

from math import inf

import pytest

from dnswatch.model.policies.standing import CLEAN, Standing


@pytest.mark.parametrize(
    ("share", "rung"),
    [
        (0.0, "clean"),
        (0.0099, "clean"),
        (0.01, "suspect"),
        (0.1, "likely"),
        (1.0, "infected"),
        (inf, "infected"),
    ],
)
def test_the_rungs_of_the_ladder(share: float, rung: str) -> None:
    """A hundredth of the alarm's threshold makes a suspect, a tenth a likely case."""
    assert Standing(share).rung == rung


def test_who_was_never_judged_is_clean() -> None:
    """No evidence is no suspicion, and does not end."""
    assert (CLEAN.rung, CLEAN.until) == ("clean", inf)
