"""Verdicts as report and lists tell them: who is what, and who is not judged yet."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dnswatch.model.detection.verdict import State, Verdict
from dnswatch.model.role import Role
from dnswatch.office import text
from dnswatch.store.standouts import standouts

if TYPE_CHECKING:
    from dnswatch.model.detection.detector import Detector
    from dnswatch.office.whom import Whom
    from dnswatch.store.sqlite import Database

_CLEAN: Final = State.CLEAN.value


class Verdicts(NamedTuple):
    """What is thought of the clients of a site at a moment."""

    learning_until: float | None
    "Unix seconds; None where clients are judged."
    words: dict[str, str]
    "A client's key to its rung, of those that are not clean; the worst first."
    provisional: list[tuple[str, Verdict]]
    "Those that would be suspect by the bounds that are assumed of any client, while it learns."

    def of(self, keys: Iterable[str], role: Role) -> str:
        """Return the worst word for the addresses of one machine.

        Nobody is called clean who was not judged, but for a mail server, which is never judged.
        """
        theirs = set(keys)
        is_judged = self.learning_until is None or role is Role.MAIL_SERVER
        otherwise = _CLEAN if is_judged else State.LEARNING.value
        return next((word for key, word in self.words.items() if key in theirs), otherwise)

    def lines(self) -> list[str]:
        """Say who is not clean, and until when the site is learned."""
        told = [
            f"{word}: {key}; see `dnswatch explain --client {key}`"
            for key, word in self.words.items()
        ]
        return told + self.learning()

    def learning(self) -> list[str]:
        """Say until when the site is learned, who would be suspect, and what can be done today."""
        if self.learning_until is None:
            return []
        told = [f"learning until {text.moment(self.learning_until)}: nobody is judged yet"]
        told += [
            f"not yet learned; by the cautious bounds {key} would be {verdict.provisional.state}"
            for key, verdict in self.provisional
        ]
        if self.provisional:
            told.append("to act on one today: dnswatch clients distrust WHO")
        return told

    def as_json(self) -> dict[str, Any]:
        """Write down for programs what the site is at."""
        until = self.learning_until
        return {
            "learning_until": None if until is None else text.iso(until),
            "provisional": [
                {
                    "client": key,
                    "verdict": verdict.provisional.state.value,
                    "score_nats": round(verdict.score, 2),
                }
                for key, verdict in self.provisional
            ],
        }


def verdicts(db: "Database", detector: "Detector | None", whom: "Whom", now: float) -> Verdicts:
    """Return what is thought of everybody now."""
    found = standouts(db, whom.role_of, now)
    words = {one.key: one.standing.rung for one in found if one.standing.rung != _CLEAN}
    if detector is None or now >= detector.learned_at:
        return Verdicts(None, words, [])
    ranked = [(client.decode(), verdict) for client, verdict in detector.provisional(now)]
    return Verdicts(detector.learned_at, words, ranked)
