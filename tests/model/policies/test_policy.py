"""What a policy's file says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.policies.mark import Action
from dnswatch.model.policies.policy import DAY, Hours
from dnswatch.model.policies.reading import read
from tests.model.policies.texts import policy


@pytest.mark.parametrize(
    ("text", "clock", "left"),
    [
        ("08:00-17:00", "08:00", 9 * 3600),
        ("08:00-17:00", "17:00", 0),
        ("08:00-17:00", "07:59", 0),
        ("18:00-07:00", "23:00", 8 * 3600),
        ("18:00-07:00", "06:00", 3600),
        ("18:00-07:00", "12:00", 0),
        ("00:00-24:00", "23:59", 60),
        ("9:30-24:00", "0:00", 0),
    ],
)
def test_times_of_day(text: str, clock: str, left: float) -> None:
    """A span of hours has its end, may go over midnight, and says how long it lasts."""
    hours, minutes = map(int, clock.split(":"))
    assert Hours(text).left(hours * 3600 + minutes * 60) == left


@given(st.integers(0, 1439), st.integers(0, 1439), st.floats(0, DAY - 1))
def test_hours_end_when_they_say(begin: int, end: int, second: float) -> None:
    """When what is left has passed, the span is over."""
    if begin == end:
        return
    text = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (begin, end))
    left = Hours(text).left(second)
    assert 0 <= left <= DAY
    if left:
        assert abs((second + left) % DAY - end * 60) < 1e-3 or end == 0


@pytest.mark.parametrize("text", ["", "8-17", "25:00-07:00", "08:60-09:00", "08:00-08:00", "8:00"])
def test_what_is_no_time_of_day(text: str) -> None:
    """Anything else is refused, with an example of what would be right."""
    with pytest.raises(ValueError, match="18:00-07:00"):
        Hours(text)


def test_one_action_is_a_ladder_of_one_step() -> None:
    """A policy with one action acts from the evidence on that it names."""
    [(evidence, action, _)] = read(policy(), "f").ladder
    assert (evidence, action) == ("suspect", Action.DELAY)
