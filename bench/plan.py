"""The plan: how long, how often and how much a run of the benchmark measures."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes that all measurements keep to; the defaults are those of the published tables."""

    seconds: float = 3.0
    "Length of one run of the load generator."
    rounds: int = 3
    "Interleaved rounds; tables show the median, the least and the most of them."
    clients: int = 50_000
    "Clients of the memory measurement."
    answers: int = 500_000
    "Cached answers of the memory measurement."
    lookups: int = 1_000_000
    "Lookups in which leaks are looked for."
    names: int = 10_000
    "Hot names: those that are asked for again and again."


def say(text: str) -> None:
    """Tell the person who waits what is being measured."""
    print(text, file=sys.stderr, flush=True)
