"""Judges: all defences by name, and published finders in the place of dnswatch's detector.

Published finders see what the detector sees, and what they say leads to the same quarantine, so
that only the judgment is compared.  Declared servers are left out, as they are with dnswatch.
"""

from collections.abc import Callable, Mapping
from math import inf
from typing import Final, NamedTuple

from dnswatch.codes import Type
from dnswatch.errors import SettingsError
from dnswatch.lab.campus.defences.acts import Finder, SeenLookup, Throttle
from dnswatch.lab.campus.defences.finders import AnyMx, Count, Cusum, Entropy, Sprt, Windows
from dnswatch.lab.campus.defences.throttles import (
    FailureThrottle,
    HostThrottle,
    Introduced,
    MailThrottle,
    PortFilter,
)
from dnswatch.lab.campus.run.post import Edge
from dnswatch.lab.campus.run.resolver import key_of
from dnswatch.lab.campus.site import CampusSite
from dnswatch.model.changes import Changes
from dnswatch.model.detection.verdict import FADE
from dnswatch.model.policies.standing import Standing
from dnswatch.model.role import Role
from dnswatch.settings import Settings
from dnswatch.watchdog.judging import Judge, Judging
from dnswatch.watchdog.pipeline import Judges

NOBODY: Final = "nobody"
"""The name of no judge at all."""

RoleOf = Callable[[bytes], Role]
AGAIN: Final = 3600.0
"""Seconds after a verdict before the same client is judged anew; it stands for a day."""


class FinderJudge:
    """Judges by a finder."""

    def __init__(self, name: str, finder: Finder, role_of: RoleOf) -> None:
        """Judge those whom the finder finds."""
        self._name = name
        self._finder = finder
        self._role_of = role_of
        self._judged: dict[bytes, float] = {}

    def see(self, changes: Changes, now: float, judge: Judge) -> None:
        """Take in what happened."""
        for lookup in sorted(changes.lookups + changes.guesses, key=lambda one: one.at):
            client = lookup.client
            if self._role_of(client) is not Role.CLIENT:
                continue
            is_mx, failed = lookup.qtype == Type.MX, lookup.rcode != 0
            if not self._finder.asked(SeenLookup(lookup.at, client, lookup.domain, is_mx, failed)):
                continue
            if now >= self._judged.get(client, -AGAIN) + AGAIN:
                self._judged[client] = now
                judge(client, Standing(1.0, now + FADE, now), f"found by '{self._name}'")


class Panel:
    """Several judges at once: all see, one or none is heard, and what each said is kept."""

    def __init__(self, judges: Mapping[str, Judges], since: float = 0.0) -> None:
        """Hear none of them yet, and note what they say from a moment on."""
        self._judges = dict(judges)
        self._since = since
        self._heard = NOBODY
        self.said: dict[str, dict[bytes, int]] = {name: {} for name in judges}
        "Judge to those that it took for infected, and how often."
        self._spoke: set[str] = set()

    @property
    def silent(self) -> tuple[str, ...]:
        """Those who suspected nobody: some policies act on suspects."""
        return tuple(name for name in self.said if name not in self._spoke)

    def choose(self, heard: str, *, alone: bool = True) -> None:
        """Hear one of them from now on; dismiss the rest, or let them see on."""
        if alone:
            self._judges = {name: one for name, one in self._judges.items() if name == heard}
        self.said = {name: {} for name in self._judges}
        self._spoke.clear()
        self._heard = heard

    def see(self, changes: Changes, now: float, judge: Judge) -> None:
        """Let all of them see."""
        guesses = list(changes.guesses)
        for name, judges in self._judges.items():
            changes.guesses = list(guesses)  # the detector takes them out
            judges.see(changes, now, self._hearer(name, judge))
        changes.guesses = []

    def _hearer(self, name: str, judge: Judge) -> Judge:
        def hear(client: bytes, standing: Standing, why: str | None) -> None:
            if standing.rung != "clean":
                self._spoke.add(name)
            if standing.rung == "infected" and standing.at >= self._since:
                self.said[name][client] = self.said[name].get(client, 0) + 1
            if name == self._heard:
                judge(client, standing, why)

        return hear


DNSWATCH: Final = "dnswatch"
"""The name of dnswatch's own detector among the judges."""


NOTHING: Final = "nothing"
"""The name of the defence that all others are measured by."""


class Defence(NamedTuple):
    """One defence."""

    name: str
    summary: str
    policies: tuple[str, ...] = ()
    "Policies of dnswatch that are switched on."
    judge: str = DNSWATCH
    "Who gives verdicts; `NOBODY` where nothing goes by them."
    edge: Callable[[CampusSite], Edge] | None = None
    "What stands before connections."


FINDERS: Final[dict[str, Callable[[], Finder]]] = {
    "any-mx": AnyMx,
    "many-mx": Count,
    "sprt": Sprt,
    "cusum": Cusum,
    "windows": Windows,
    "entropy": Entropy,
}
"""Published detectors."""

_QUARANTINE: Final = ("quarantine",)


def _in_hosts(make: Callable[[], Throttle]) -> Callable[[CampusSite], Edge]:
    return lambda _: Edge(make(), is_in_hosts=True)


def _in_router(make: Callable[[], Throttle]) -> Callable[[CampusSite], Edge]:
    return lambda _: Edge(make(), is_in_hosts=False)


def _filter(site: CampusSite) -> Edge:
    return Edge(PortFilter((*site.mail_servers, site.bay)), is_in_hosts=False)


DEFENCES: Final = (
    Defence(NOTHING, "dnswatch watches, and does nothing"),
    Defence("delay", "dnswatch's policy: a bucket of new mail domains for suspects", ("delay",)),
    Defence(
        "limit-refreshes", "dnswatch's policy: what is known comes slowly", ("limit-refreshes",)
    ),
    Defence("quarantine", "dnswatch's policy: mail of the infected goes to the bay", _QUARANTINE),
    Defence("delay+quarantine", "both: suspects are slowed", ("delay", "quarantine")),
    Defence("ladder", "dnswatch's policy: harm grows with evidence", ("ladder",)),
    Defence(
        "quarantine+filter",
        "dnswatch's quarantine and a filter on port 25",
        _QUARANTINE,
        edge=_filter,
    ),
    Defence(
        "host-throttle",
        "Williamson 2002: one new host a second",
        (),
        NOBODY,
        _in_hosts(HostThrottle),
    ),
    Defence(
        "mail-throttle",
        "Williamson 2003: one new recipient a minute",
        (),
        NOBODY,
        _in_hosts(MailThrottle),
    ),
    Defence("nic", "Ganger 2002: only what DNS introduced", (), NOBODY, _in_hosts(Introduced)),
    Defence(
        "failures", "Chen 2004: who fails often waits", (), NOBODY, _in_router(FailureThrottle)
    ),
    Defence("filter", "port 25 is for mail servers", (), NOBODY, _filter),
    Defence("any-mx", "Whyte 2006: any MX question; quarantine", _QUARANTINE, "any-mx"),
    Defence("many-mx", "BotFlex: 30 MX in 5 minutes; quarantine", _QUARANTINE, "many-mx"),
    Defence("sprt", "Jung 2004: Wald's test of failures; quarantine", _QUARANTINE, "sprt"),
    Defence("cusum", "Ganesh 2006: sum of failures; quarantine", _QUARANTINE, "cusum"),
    Defence("windows", "Sekar 2006: several windows; quarantine", _QUARANTINE, "windows"),
    Defence("entropy", "Musashi 2003: entropy of sources; quarantine", _QUARANTINE, "entropy"),
)
"""In the order of the table."""


def defence(name: str) -> Defence:
    """Return a defence by its name."""
    for one in DEFENCES:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in DEFENCES)
    raise SettingsError(f"there is no defence '{name}': expected one of {known}")


def judges(site: CampusSite, settings: Settings, now: float) -> dict[str, Judges]:
    """Return all judges, each at its beginning."""
    found: dict[str, Judges] = {DNSWATCH: Judging(settings, key_of, now, save_every=inf)}
    for name, make in FINDERS.items():
        found[name] = FinderJudge(name, make(), lambda client: site.roles[client])
    return found
