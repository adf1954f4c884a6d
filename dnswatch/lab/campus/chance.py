"""Chance: one source for each use, by the campus's seed and the use's name.

So what one part draws changes nothing for another: the honest days stay the same whatever worm
breaks out, and whichever defence stands against it.
"""

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
