"""Popularity follows Zipf's law."""

from collections import Counter
from random import Random

import numpy as np
import pytest

from dnswatch.lab.campus.world.popularity import Popularity


def test_the_second_is_half_as_popular_as_the_first() -> None:
    """With an exponent of 1, drawn one by one or all at once."""
    popularity = Popularity(1000, 1.0)
    chance = Random(1)
    single = Counter(popularity.draw(chance) for _ in range(40_000))
    many = Counter(popularity.draws(40_000, np.random.default_rng(1)).tolist())
    for counts in (single, many):
        assert counts[0] / counts[1] == pytest.approx(2, rel=0.1)
        assert max(counts) < 1000
