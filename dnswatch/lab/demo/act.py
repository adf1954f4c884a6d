"""An act: the worm against the site under one policy, and what came of it."""

import itertools
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from dnswatch import clock
from dnswatch.lab.demo.site import DemoSite, site
from dnswatch.lab.demo.world import DemoWorld, world
from dnswatch.lab.demo.worm import DemoWorm, Try, TryFate
from dnswatch.model.policies.standing import Standing

POLICIES = ("", "delay", "quarantine")
"""The acts in their order; the first is without a policy."""


@dataclass(frozen=True)
class ActResult:
    """What came of an act."""

    policy: str
    "Empty for none."
    tried: int
    "Messages that the worm tried to send."
    out: int
    "Of these, those that arrived at an exchange outside."
    later: int
    "Of those, how many the worm began to send after the verdict that it is infected."
    unanswered: int
    "Tried ones whose exchange DNS did not name."
    kept: int
    "Messages in the holding bay."
    seconds: float
    "How long the worm was at work."


@dataclass
class Act:
    """One act as it runs; what is seen of it changes meanwhile."""

    policy: str
    site: DemoSite
    world: DemoWorld
    worm: DemoWorm
    begun: float
    "When the worm began, Unix seconds."
    ended: float | None = None
    standing: Standing = field(default_factory=Standing)
    found_at: float = inf
    "When it was first seen that the verdict is infected, Unix seconds."
    mark: str = ""
    "What is done to the worm's answers; empty is nothing."
    kept: list[dict[str, Any]] = field(default_factory=list)
    "Messages of the holding bay, the newest first."

    @property
    def tries(self) -> list[Try]:
        """What the worm tried so far."""
        return self.worm.tries

    def look(self) -> None:
        """Look at the site: verdict and mark."""
        self.standing, self.mark = self.site.standing(), self.site.mark()
        if self.standing.rung == "infected":
            self.found_at = min(self.found_at, clock.now())

    def run(self, goes_on: Callable[[], bool], show: Callable[[], None]) -> ActResult:
        """Let the worm work for as long as it may; `show` is called now and then."""
        work = threading.Thread(target=self.worm.run, args=(_victims(), goes_on), daemon=True)
        bay = threading.Thread(target=self._look_into_bay, daemon=True)
        self.begun = clock.now()
        work.start()
        bay.start()
        while work.is_alive():
            work.join(0.2)
            self.look()
            show()
        self.ended = clock.now()
        bay.join()
        show()
        return self.outcome(self.ended)

    def _look_into_bay(self) -> None:
        """Ask what the holding bay has, as often as the command takes, and once at the end."""
        is_last = self.policy != "quarantine"
        while not is_last:
            is_last = self.ended is not None
            self.kept = self.site.kept()

    def outcome(self, now: float) -> ActResult:
        """Count what happened by now."""
        delivered = set(self.world.delivered)
        out = [one for one in self.tries if one.victim in delivered]
        return ActResult(
            self.policy,
            len(self.tries),
            len(out),
            sum(one.at > self.found_at for one in out),
            sum(one.fate == TryFate.NO_ANSWER for one in self.tries),
            len(self.kept),
            (self.ended or now) - self.begun,
        )


@contextmanager
def act(policy: str, pause: float) -> Iterator[Act]:
    """Set the stage: the world, the site, and a worm that has not begun."""
    with (
        tempfile.TemporaryDirectory(prefix="dnswatch-demo-") as folder,
        world() as outside,
        site(Path(folder), outside, policy) as running,
    ):
        worm = DemoWorm(running.port, outside.smtp_port, pause)
        yield Act(policy, running, outside, worm, clock.now())


def _victims() -> Iterator[str]:
    return (f"bob@victim{number}.example" for number in itertools.count(1))
