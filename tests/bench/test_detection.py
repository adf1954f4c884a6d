"""The measurements of the detector measure what they say."""

from random import Random

import pytest

from bench.detection import lookups, site
from bench.detection.__main__ import main
from bench.detection.crowd import higher_criticism
from bench.detection.power import Rule, duration
from bench.detection.senders import SENDERS

pytestmark = pytest.mark.whole


def test_the_rule_of_thumb_fires_above_thirty_questions_in_five_minutes() -> None:
    """31 MX questions in 5 minutes fire, at a slower pace they never do."""
    fast, slow, who = Rule(), Rule(), lookups.client(1)
    assert [fast.see(lookups.mx(n * 9.0, who, "a.org")) for n in range(31)][-1]
    assert not any(slow.see(lookups.mx(n * 10.1, who, "a.org")) for n in range(200))


def test_higher_criticism_sees_too_many_small_chances() -> None:
    """It is near its usual of 1 to 4 for even chances, and far above for a crowd of small ones."""
    chance = Random(1)
    even = [chance.random() for _ in range(1000)]
    assert higher_criticism(even) < 5
    assert higher_criticism([0.002] * 40 + even[40:]) > 20


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.name)
def test_a_sender_keeps_its_rate(sender: object) -> None:
    """A hundred domains take as long as the sender's name says."""
    assert isinstance(sender, type(SENDERS[0]))
    acts = sender.act(lookups.client(1), 0.0, Random(2))
    batches = [next(acts) for _ in range(401)]
    took = batches[-1][0].at - batches[0][0].at
    assert took == pytest.approx(400 / sender.rate * site.DAY, rel=0.2)


def test_honest_traffic_is_in_order_and_mostly_in_working_hours() -> None:
    """The invented site works from Monday to Friday."""
    people = site.people(Random(1), 100)
    seen = list(site.traffic(people, site.MONDAY, site.MONDAY + 14 * site.DAY, 1))
    ordinary = [one for one in seen if one.client in {person.address for person in people}]
    assert [one.at for one in seen] == sorted(one.at for one in seen)
    assert sum(site.is_working(one.at) for one in ordinary) > 0.5 * len(ordinary)


@pytest.mark.parametrize(
    ("seconds", "text"), [(10, "10 s"), (120, "2.0 min"), (7200, "2.0 h"), (432000, "5.0 days")]
)
def test_durations_are_written_in_the_unit_that_fits(seconds: float, text: str) -> None:
    """A reader compares bars and times at a glance."""
    assert duration(seconds) == text


def test_an_unknown_measurement_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name is answered with the right ones."""
    with pytest.raises(SystemExit) as error:
        main(["weather"])
    assert error.value.code == 2
    assert "senders" in capsys.readouterr().err
