"""Standouts: the clients that are not like the others: by verdict, by a person's word, by role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.policies.standing import CLEAN, Standing, overruled
from dnswatch.model.role import Role
from dnswatch.store import clients, orders
from dnswatch.store.sqlite import Database

_SAID: Final = (Word.TRUST, Word.DISTRUST)
"""Words that make a client stand out; that it was cleared once does not."""


@dataclass(frozen=True, slots=True)
class Standout:
    """A client that stands out."""

    key: str
    name: str | None
    role: Role
    standing: Standing
    "By its verdict, or by a person's word."
    said: Overrule | None
    "A person's word, where one is in force."


def standouts(db: Database, role_of: Callable[[str], Role], now: float) -> list[Standout]:
    """Return the clients that stand out, the worst first."""
    names = dict(clients.names(db))
    words = orders.read(db, now).overrules
    judged = {one.key: Standing(one.share, one.until, one.at) for one in orders.judgments(db, now)}
    keys = dict.fromkeys((*judged, *words, *orders.roles(db), *names))
    found = (_standout(key, names, role_of(key), judged, words, now) for key in keys)
    return sorted(filter(_stands_out, found), key=lambda one: (-one.standing.share, one.key))


def _standout(
    key: str,
    names: Mapping[str, str | None],
    role: Role,
    judged: Mapping[str, Standing],
    words: Mapping[str, Overrule],
    now: float,
) -> Standout:
    said = words.get(key)
    standing = overruled(judged.get(key, CLEAN), said, now)
    if role is Role.MAIL_SERVER:
        standing = CLEAN
    return Standout(key, names.get(key), role, standing, said)


def _stands_out(one: Standout) -> bool:
    is_spoken_of = one.said is not None and one.said.word in _SAID
    return one.role is not Role.CLIENT or one.standing.rung != "clean" or is_spoken_of
