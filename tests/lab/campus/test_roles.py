"""On the campus no worm is ever proposed as a mail server, and the mail servers are."""

from collections import Counter, defaultdict
from math import inf

import pytest
from msgspec.structs import replace

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.run.resolver import key_of
from dnswatch.lab.campus.worms.shipped import names
from dnswatch.model.changes import Changes
from dnswatch.model.detection.detector import Detector
from dnswatch.model.detection.verdict import Plan
from dnswatch.model.role import Role
from dnswatch.names.suffixes import registrable
from dnswatch.settings import Roles
from dnswatch.watchdog.judging import Judge, Judging
from dnswatch.wire.name import to_text
from tests.lab.campus.scene import DAY, outbreak

DAYS = 4
"""Of the learning period, in which nothing is judged: it is easiest to hide in."""


class Undeclared:
    """Judges a site that declared nobody, and counts its lookups as the store does."""

    def __init__(self, campus: Campus) -> None:
        settings = replace(campus.settings, roles=Roles())
        self.judging = Judging(settings, key_of, campus.loop.now, save_every=inf)
        self.counts: defaultdict[bytes, Counter[str]] = defaultdict(Counter)
        self.client_states: dict[str, bytes] = {}
        self.proposed: set[bytes] = set()

    def see(self, changes: Changes, now: float, judge: Judge) -> None:
        for (client, _), account in changes.accounts.items():
            self.counts[key_of(client).encode()].update(account)
        self.judging.see(changes, now, judge)

    def look(self, now: float) -> None:
        """Look as the command does: at what the store holds."""
        saved = Changes()
        self.judging.save(saved, now)
        self.client_states.update({key: case for key, case in saved.client_states.items() if case})
        detector = Detector(
            Plan(),
            0.0,
            registrable=registrable,
            role_of=lambda _: Role.CLIENT,
            write=to_text,
            clock=str,
        )
        detector.restore(saved.detector, self.client_states.values())
        self.proposed |= {one.client for one in detector.proposals(self.counts, {})}


@pytest.mark.parametrize("worm", names())
def test_a_worm_that_is_there_from_the_first_day_is_never_proposed(worm: str) -> None:
    """Looked at on each day; three of the four mail servers are, within the learning period."""
    chosen = outbreak(worm, 0, "first = 1\nsusceptible = 0")
    chosen = replace(
        chosen,
        learning=14,
        site=replace(chosen.site, mail_servers=4),
        mail=replace(chosen.mail, outgoing=600, incoming=600),
    )
    watching: list[Undeclared] = []

    def judges(campus: Campus) -> Undeclared:
        watching.append(Undeclared(campus))
        return watching[0]

    campus = Campus(chosen, 1, (), judges)
    for day in range(DAYS):
        campus.run(chosen.begin + (day + 1) * DAY)
        watching[0].look(campus.loop.now)
    assert campus.truth.infections
    servers = {key_of(server).encode() for server in campus.site.mail_servers}
    assert watching[0].proposed <= servers
    assert len(watching[0].proposed & servers) >= 3
