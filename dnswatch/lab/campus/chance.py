"""Chance: one source for each use, by the campus's seed and the use's name.

So what one part draws changes nothing for another: the honest days stay the same whatever worm
breaks out, and whichever defence stands against it.

What is popular: the k-th of n things is chosen in proportion to 1 / k^s (Zipf's law).
"""

from bisect import bisect_right
from hashlib import sha256
from random import Random

import numpy as np


def chance(seed: int, use: str) -> Random:
    """Return the source of chance for one use."""
    return Random(_mixed(seed, use))  # noqa: S311 nothing here is secret


def numbers(seed: int, use: str) -> np.random.Generator:
    """Return the source of arrays for one use."""
    return np.random.default_rng(_mixed(seed, use))


def _mixed(seed: int, use: str) -> int:
    return int.from_bytes(sha256(f"{seed} {use}".encode()).digest()[:8], "big")


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
