"""People: the mail habits of honest clients, as unequal as people are.

Most clients hardly ever look up a mail domain by themselves; a few do so daily (workstations that
deliver their own mail, programs that check addresses).  Rates are gamma distributed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final

RATE: Final = 0.1
"""Bursts a day of a client, in the mean."""
SHAPE: Final = 0.5
"""Of the gamma distribution of the rates."""


@dataclass(frozen=True, slots=True)
class Person:
    """The habits of one client."""

    address: bytes
    rate: float
    "Bursts of novel mail domains a day."
    continuation: float
    "Probability that a burst goes on with one more domain."
    delivers: bool
    "It sends mail by itself; else it only checks whether domains take mail."
    never_sleeps: bool
    "It is used at any hour."


def people(chance: Random, addresses: Iterable[bytes], rate: float = RATE) -> list[Person]:
    """Draw the habits of some clients; `rate` is their mean."""
    return [
        Person(
            address, chance.gammavariate(SHAPE, rate / SHAPE),
            chance.betavariate(2, 8), chance.random() < 0.6, chance.random() < 0.1,
        )
        for address in addresses
    ]  # fmt: skip
