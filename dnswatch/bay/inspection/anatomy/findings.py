"""Findings: what the process that takes messages apart is told, and what it says of them."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

MOST: Final = 8
"""Things named of each kind; a worm that attaches thousands is told of as well by the first few."""

LONGEST: Final = 120
"""Characters of a stranger's name for a file that are told."""

Finding = Literal["programs", "disguised", "sealed", "unseen"]
"""A kind of thing that is found; see `Anatomy`."""


class Anatomy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """What a message is made of; each thing that was found is a clause."""

    payload: str
    """SHA-256 over the decoded parts, without any header, in hexadecimal; where there is something
    to say of some, over these alone: worms throw dice for the text around them."""
    fuzzy: str = ""
    "TLSH over the decoded parts but images; empty where they are too short or too plain."
    programs: tuple[str, ...] = ()
    "What runs when it is opened."
    disguised: tuple[str, ...] = ()
    "What runs when it is opened, under a name that hides it."
    sealed: tuple[str, ...] = ()
    "What was closed to inspection on purpose: encrypted archives and archive bombs."
    unseen: tuple[str, ...] = ()
    "What could not be looked into."


class Task(msgspec.Struct, frozen=True):
    """What to do."""

    path: str
    "The message's file."
    unpacked: int
    "Bytes that its archives may unpack to."


class DissectionFault(msgspec.Struct, frozen=True, tag=True):
    """What hindered it."""

    fault: str
    "A clause."


class Findings:
    """What was found so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._found: dict[Finding, list[str]] = {}

    def add(self, kind: Finding, trail: Iterable[str], said: str) -> None:
        """Say something of a file; `trail` is its name, after those of the archives it is in."""
        found = self._found.setdefault(kind, [])
        clause = f"{' in '.join(map(shown, reversed(tuple(trail))))} {said}"
        if len(found) < MOST and clause not in found:
            found.append(clause)

    @property
    def count(self) -> int:
        """How much was found so far."""
        return sum(map(len, self._found.values()))

    def anatomy(self, payload: str, fuzzy: str) -> Anatomy:
        """Put all together."""
        found = {kind: tuple(clauses) for kind, clauses in self._found.items()}
        return Anatomy(payload=payload, fuzzy=fuzzy, **found)


def shown(name: str) -> str:
    """Write a stranger's name for a file so that it can hide nothing and is not too long."""
    plain = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in name[:LONGEST])
    return f"'{plain}{'...' * (len(name) > LONGEST)}'"
