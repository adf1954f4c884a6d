"""A small site for tests: its detector, learned within a moment."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from random import Random
from typing import Final

from bench.detection import lookups
from bench.detection.site import moment, moments
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection.detector import Detector
from dnswatch.model.detection.verdict import Plan
from dnswatch.model.role import Role
from dnswatch.names.suffixes import registrable
from dnswatch.wire.name import to_text

MONDAY: Final = 1_767_571_200.0
DAY: Final = 86400.0
CLIENTS: Final = 1000
SENDER: Final = lookups.client(150)
"""A client that never made a mail-related lookup before."""
READY: Final = MONDAY + 21 * DAY + 36000
"""A Monday at ten, after the learning period."""


def detector(plan: Plan | None = None, roles: Mapping[bytes, Role] | None = None) -> Detector:
    """Begin to learn a site of 1,000 clients."""
    declared = roles or {}
    built = Detector(
        plan or Plan(),
        MONDAY,
        registrable=registrable,
        write=to_text,
        clock=moment,
        role_of=lambda client: declared.get(client, Role.CLIENT),
    )
    for number in range(CLIENTS):
        built.meet(lookups.client(number), MONDAY)
    return built


def ordinary(until: float, since: float = MONDAY) -> Iterator[MailLookup]:
    """The mail-related lookups of 100 clients, 0.5 a day each; every other one is a mail."""
    chance = Random(3)
    for at in moments(50, since, until, chance):
        who, domain = lookups.client(chance.randrange(100)), f"d{chance.getrandbits(30)}.org"
        yield from lookups.delivery(at, who, domain)[: chance.randint(1, 2)]


def learned(plan: Plan | None = None, roles: Mapping[bytes, Role] | None = None) -> Detector:
    """Return a detector that has learned its site and judges; nobody else has it."""
    declared = roles or {}
    built = deepcopy(_learned(plan or Plan(), frozenset(declared.items())))
    built.role_of = lambda client: declared.get(client, Role.CLIENT)
    return built


@cache
def _learned(plan: Plan, roles: frozenset[tuple[bytes, Role]]) -> Detector:
    """Learn a site once: its weeks take longer than all that most tests do afterwards."""
    return learn(plan, dict(roles))


def learn(plan: Plan | None = None, roles: Mapping[bytes, Role] | None = None) -> Detector:
    """Let a detector learn its site now."""
    built = detector(plan, roles)
    for lookup in sorted(ordinary(READY - DAY), key=lambda one: one.at):
        built.see(lookup)
    return built


def attack(domains: int, begin: float = READY, gap: float = 1.2) -> Iterator[MailLookup]:
    """A sender at work."""
    for n in range(domains):
        yield from lookups.delivery(begin + n * gap, SENDER, f"target{n}.net")
