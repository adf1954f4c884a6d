"""Learning: when a site is learned, and what each role's clients are bounded by."""

from collections.abc import Callable, Iterable
from math import ceil
from typing import Final

from dnswatch.model.detection.baselines import DELAY, Baseline, History
from dnswatch.model.detection.client_state import ClientState
from dnswatch.model.detection.shiryaev_roberts import Bounds
from dnswatch.model.role import Role
from dnswatch.model.week import Week

DAY: Final = 86400.0
JUDGED: Final[tuple[Role, ...]] = (Role.CLIENT, Role.SERVER, Role.RESOLVER)
"""Roles that are judged by what others of the role do; a declared mail server is not judged."""


class Learning:
    """What a site's clients of each role do at most, as far as it has been learned."""

    def __init__(self, started: float, period: float) -> None:
        """Learn for `period` seconds from `started` (Unix seconds) on, before judging anything."""
        self.ends = started + period
        "When verdicts begin, Unix seconds."
        self.listens = max(started, (started + period / 2) // DAY * DAY)
        """When the memories are filled enough for lookups to count, Unix seconds: with a day, since
        half a day that is learned as a whole one would teach that its weekday is quiet."""
        self._baselines = {role: Baseline.begin(role) for role in JUDGED}
        self._weeks = {role: Week() for role in JUDGED}

    def baseline(self, role: Role) -> Baseline:
        """Return what is known of a role."""
        return self._baselines[role]

    def week(self, role: Role) -> Week:
        """Return how a role's work is spread over the week."""
        return self._weeks[role]

    def history(self, role: Role, met: int, today: int) -> History:
        """Begin to learn a client that was met on a Unix day.

        That a client has been silent so far tells something; that a server has, nothing.
        """
        since = max(met if role == Role.CLIENT else today, self._first)
        return History(since, since)

    def bounds(self, role: Role, history: History, today: int) -> Bounds:
        """Bound what an honest client of the role with that history does."""
        return self._baselines[role].bounds(history, self.known(today), self._weeks[role])

    def shares(self, role: Role, history: History) -> dict[str, float]:
        """Bound how often each indicator is seen of such an honest client, where it was learned."""
        baseline = self._baselines[role]
        return {name: baseline.share(name, history) for name in baseline.shares}

    def rate(self, role: Role, history: History, today: int) -> tuple[float, float]:
        """Shape and rate (days) of the gamma distribution of such a client's bursts a day.

        The whole site is judged by it, and the sum over a site has no room for a mean that is a
        little too low for all: so it is the most that the role's clients do together.
        """
        baseline, known = self._baselines[role], self.known(today)
        shape, days = baseline.prior
        return shape + history.count(known), (days + history.exposure(known)) / baseline.surplus

    def knows_the_week(self, role: Role) -> bool:
        """Say whether each day of the week was learned; before, bounds are wide."""
        return self._baselines[role].knows_each_day

    def known(self, today: int) -> int:
        """Unix day up to which days have been learned from."""
        return max(today - DELAY, min(today, int(self.ends // DAY)))

    def learn(
        self, states: Iterable[ClientState], role_of: Callable[[bytes], Role], today: int
    ) -> None:
        """Learn from those of the clients' days that are old enough."""
        known = self.known(today)
        for baseline in self._baselines.values():
            baseline.live(self._first, known)
        for state in states:
            while state.days and state.days[0].number < known:
                day = state.days.pop(0)
                state.history.learn(day)
                if (role := role_of(state.client)) in self._baselines:
                    self._baselines[role].learn(day)

    def fit(
        self,
        role: Role,
        histories: list[tuple[History, int]],
        quiet: list[tuple[int, int]],
        today: int,
    ) -> None:
        """Draw a role's bounds from its clients' histories, each with the day it was there until.

        `quiet` are the days from and until which others were there, that never did anything.
        """
        known = self.known(today)
        clients = [(one.count(known), one.exposure(min(known, end))) for one, end in histories]
        days = [History(max(met, self._first)).exposure(min(known, end)) for met, end in quiet]
        baseline = self._baselines[role]
        baseline.fit(clients, len(days), sum(days) / max(1, len(days)))
        baseline.compare([one for one, _ in histories])
        self._weeks[role] = baseline.week()

    def export(self) -> list[Baseline]:
        """Return what must be stored."""
        return list(self._baselines.values())

    def restore(self, baselines: Iterable[Baseline]) -> None:
        """Begin with what was stored."""
        for baseline in baselines:
            self._baselines[baseline.role] = baseline
            self._weeks[baseline.role] = baseline.week()

    @property
    def _first(self) -> int:
        """First Unix day that is learned from: the first that was heard from its begin."""
        return ceil(self.listens / DAY)


def judged_as(role: Role) -> Role:
    """Role whose bounds a client has; those of a mail server are never used."""
    return Role.CLIENT if role == Role.MAIL_SERVER else role
