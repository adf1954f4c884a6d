"""Judges: published finders in the place of dnswatch's detector.

They see what the detector sees, and what they say leads to the same quarantine, so that only the
judgment is compared.  Declared servers are left out, as they are with dnswatch.
"""

from collections.abc import Callable, Mapping
from typing import Final

from dnswatch.codes import Type
from dnswatch.lab.campus.defences.acts import Asked, Finder
from dnswatch.model.changes import Changes
from dnswatch.model.detection.verdict import FADE
from dnswatch.model.policies.standing import Standing
from dnswatch.model.role import Role
from dnswatch.watchdog.judging import Judge
from dnswatch.watchdog.vigil import Judges

NOBODY: Final = "nobody"
"""The name of no judge at all."""

RoleOf = Callable[[bytes], Role]
AGAIN: Final = 3600.0
"""Seconds after a verdict before the same client is judged anew; it stands for a day."""


class Found:
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
            if not self._finder.asked(Asked(lookup.at, client, lookup.domain, is_mx, failed)):
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
