"""The vigil: the watch, who judges and what polices, in step.

All that turns lookups into marks, with a clock that its owner brings, and whoever is to judge: the
watch process and a replay have `Site` for it, the simulated campus compares judges.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from dnswatch.model.changes import Changes
from dnswatch.model.observation import Observation
from dnswatch.model.policies.mark import Marks, WebNames
from dnswatch.model.policies.marking import WebNamesOf
from dnswatch.model.watch import Watch
from dnswatch.settings import Settings
from dnswatch.watchdog.judging import Judge
from dnswatch.watchdog.policing import Policing


class Judges(Protocol):
    """Who makes verdicts out of what happened: `Judging`, or a rule that it is compared with."""

    def see(self, changes: Changes, now: float, judge: Judge) -> None:
        """Take in what happened, and tell `judge` whose verdict changed."""


class Turn(NamedTuple):
    """What came of a turn."""

    changes: Changes
    "What happened, with notes and standings: ready to be stored."
    news: Marks | None
    "What enforcement points must be told now."


class Vigil:
    """What is known, thought and ordered of a site."""

    def __init__(
        self, settings: Settings, key_of: Callable[[bytes], str], judges: Judges,
        web_names: WebNamesOf = lambda _: WebNames(), *, is_dry: bool = False,
    ) -> None:  # fmt: skip
        """Know nothing yet; `key_of` gives a client's key in the store.

        `web_names` returns the mail hosts' names that a client uses for the web.

        Where all is dry, policies only tell what they would do.
        """
        self.watch = Watch(settings.limits.addresses)
        self.policing = Policing(key_of, web_names, is_dry=is_dry)
        self._judges = judges

    def fold(self, seen: Observation) -> None:
        """Fold in one lookup; in order of time."""
        self.watch.fold(seen)

    def turn(self, now: float) -> Turn:
        """Judge what happened since the last turn, and mark by it; some times a second, live."""
        changes = self.watch.drain()
        visitors = {client for _, client, _ in changes.visits}
        self._judges.see(changes, now, self.policing.judge)
        self.policing.meet({client for client, _ in changes.accounts})
        self.policing.look_again(visitors)
        news = self.policing.news(now)
        notes, standings = self.policing.changes()
        changes.notes.extend(notes)
        changes.standings.update(standings)
        changes.quarantine.update(self.policing.quarantine())
        return Turn(changes, news)
