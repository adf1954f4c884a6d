"""Few sources make most questions."""

from collections import Counter

import pytest

from dnswatch.lab.campus.defences.acts import Asked
from dnswatch.lab.campus.defences.finders.entropy import HOUR, LEARNED, Entropy, entropy
from tests.lab.campus.defences.acting import alarm, asked


def hours(count: int) -> list[Asked]:
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
