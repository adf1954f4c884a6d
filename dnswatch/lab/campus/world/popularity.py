"""Popularity: the k-th of n things is chosen in proportion to 1 / k^s (Zipf's law)."""

from bisect import bisect_right
from random import Random

import numpy as np


class Popularity:
    """Draws numbers from 0 on, the most popular first; one draw costs O(log n)."""

    def __init__(self, count: int, exponent: float) -> None:
        """Draw from `count` things."""
        self._sums = np.cumsum(np.arange(1, count + 1, dtype=float) ** -exponent)
        self._list: list[float] = self._sums.tolist()

    def draw(self, chance: Random) -> int:
        """Draw one."""
        return bisect_right(self._list, chance.random() * self._list[-1])

    def draws(self, count: int, numbers: np.random.Generator) -> np.ndarray:
        """Draw many."""
        shares = numbers.random(count) * self._sums[-1]
        return np.asarray(np.searchsorted(self._sums, shares, side="right"))
