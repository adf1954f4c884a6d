"""Verdicts as report and lists tell them: who is what, and who is not judged yet."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from dnswatch.cli import render
from dnswatch.cli.detector import detector_of
from dnswatch.store.standouts import standouts

if TYPE_CHECKING:
    from sqlite_utils import Database

    from dnswatch.cli.whom import Whom
    from dnswatch.settings import Settings

LEARNING = "learning"
"""The word for whoever was not judged yet: nobody is called clean whom nobody looked at."""

_CLEAN = "clean"


class Verdicts(NamedTuple):
    """What is thought of the clients of a site at a moment."""

    learning_until: float | None
    "Unix seconds; None where clients are judged."
    words: dict[str, str]
    "A client's key to its rung, of those that are not clean; the worst first."
    would_be: dict[str, str]
    "The same of those that are not judged yet, by the bounds that are assumed of any client."

    def of(self, keys: Iterable[str]) -> str:
        """Return the worst word for the addresses of one machine."""
        theirs = set(keys)
        unjudged = _CLEAN if self.learning_until is None else LEARNING
        return next((word for key, word in self.words.items() if key in theirs), unjudged)

    def lines(self) -> list[str]:
        """Say who is not clean, what the site is at, and what to do where one cannot wait."""
        told = [
            f"{word}: {key}; see `dnswatch explain --client {key}`"
            for key, word in self.words.items()
        ]
        if self.learning_until is None:
            return told
        told.append(f"learning until {render.moment(self.learning_until)}: not judged yet")
        told += [
            f"by the cautious bounds of any client, {key} would be {word}"
            for key, word in self.would_be.items()
        ]
        if self.would_be:
            told.append(
                "to act at once: dnswatch clients distrust ADDRESS, or detection.strict = true"
            )
        return told


def verdicts(db: "Database", settings: "Settings", whom: "Whom", now: float) -> Verdicts:
    """Return what is thought of everybody now."""
    detector = detector_of(db, settings, whom)
    found = standouts(db, whom.role_of, now)
    words = {one.key: one.standing.rung for one in found if one.standing.rung != _CLEAN}
    if detector is None or now >= detector.learned_at:
        return Verdicts(None, words, {})
    would_be = {
        client.decode(): verdict.provisional.name.lower()
        for client, verdict in detector.provisional(now)
        if client.decode() not in words
    }
    return Verdicts(detector.learned_at, words, would_be)
