"""The frame: a reader of outside bytes against its corpus and spoilt copies of it.

    tests/fuzz/corpus/KIND/*     small inputs, sound ones and such as once broke a reader
    tests/fuzz/test_*.py         `fuzz("KIND", read, OwnError)`

Each copy is made from a number alone, so a failure comes again with the same corpus.  How many are
made says `DNSWATCH_FUZZ`: few in `make test`, many in `make fuzz`.  A reader that hangs is ended by
pytest's own limit.
"""

import os
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.messages import spoilt

CORPUS: Final = Path(__file__).parent / "corpus"
ROUNDS: Final = int(os.environ.get("DNSWATCH_FUZZ", "300"))
"""Spoilt copies a kind."""
MEMORY: Final = 64 << 20
"""Bytes that reading an input, of 64 KiB at most, may take at a time."""


def corpus(kind: str) -> list[bytes]:
    """Give the inputs kept for a kind of reader."""
    found = [path.read_bytes() for path in sorted((CORPUS / kind).iterdir())]
    assert found, f"there is no input in {CORPUS / kind}"
    return found


def inputs(kind: str) -> Iterator[tuple[str, bytes]]:
    """Give the corpus, and spoilt copies of it, each with what makes it again."""
    sound = corpus(kind)
    for number, data in enumerate(sound):
        yield f"input {number}", data
    for seed in range(ROUNDS):
        chance = Random(seed)
        data = chance.choice(sound)
        for _ in range(chance.choice((1, 1, 2, 8))):
            data = spoilt(data, chance)
        yield f"copy {seed}", data


def fuzz(kind: str, read: Callable[[bytes], object], *own: type[Exception]) -> None:
    """Have a reader read all inputs: it may raise its own errors, nothing else, in little room."""
    tracemalloc.start()
    try:
        for name, data in inputs(kind):
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            try:
                read(data)
            except own:
                pass
            except Exception as error:
                raise AssertionError(f"{kind}, {name}: {error!r} on {data[:2000]!r}") from error
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < MEMORY, f"{kind}, {name}: {peak - before:,} bytes of memory"
    finally:
        tracemalloc.stop()
