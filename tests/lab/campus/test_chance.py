"""Chance: what one part draws changes nothing for another."""

from collections import Counter
from random import Random

import numpy as np
import pytest

from dnswatch.lab.campus.chance import Popularity, chance, numbers


def test_one_seed_and_use_give_one_row_of_numbers() -> None:
    """Another use or another seed gives others."""
    rows = [chance(*key).random() for key in ((1, "a"), (1, "a"), (1, "b"), (2, "a"))]
    assert rows[0] == rows[1]
    assert len(set(rows)) == 3
    assert numbers(1, "a").random() == numbers(1, "a").random() != numbers(2, "a").random()


def test_the_second_is_half_as_popular_as_the_first() -> None:
    """With an exponent of 1, drawn one by one or all at once."""
    popularity = Popularity(1000, 1.0)
    chance = Random(1)
    single = Counter(popularity.draw(chance) for _ in range(40_000))
    many = Counter(popularity.draws(40_000, np.random.default_rng(1)).tolist())
    for counts in (single, many):
        assert counts[0] / counts[1] == pytest.approx(2, rel=0.1)
        assert max(counts) < 1000
