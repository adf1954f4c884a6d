"""People are as unequal as people are."""

from random import Random
from statistics import mean, median

import pytest

from dnswatch.lab.campus.site.people import RATE, people


def test_most_people_hardly_ever_look_up_a_mail_domain() -> None:
    """The mean is what was asked for, half of them do less than half of it."""
    found = people(Random(1), (n.to_bytes(4, "big") for n in range(3000)))
    assert mean(one.rate for one in found) == pytest.approx(RATE, rel=0.1)
    assert median(one.rate for one in found) < RATE / 2
