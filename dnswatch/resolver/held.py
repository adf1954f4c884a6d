"""Held answers: what waits, and the queries that wait for it.

All retries of a question wait together and are answered together, each by its own ID: a stub that
asks again from another port would lose an answer to its first query.  An answer is written when it
leaves, with the TTLs of that moment.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from dnswatch.model.observation import Enforced
from dnswatch.resolver.askings import Asking
from dnswatch.resolver.deadlines import Deadlines
from dnswatch.resolver.events import Answer
from dnswatch.settings import Limits


@dataclass(slots=True, eq=False)
class HeldQuestion:
    """A question whose answer waits."""

    asking: Asking
    enforced: Enforced
    until: float
    "Unix seconds."
    is_refused: bool = False
    "SERVFAIL follows the wait, not the answer."
    is_forged: bool = False
    "An answer that leads to the bay follows, unless the name turns out to be a web site."
    answers: list[Answer] = field(default_factory=list)
    "For each query that waits, as it would be without the wait."


Release = Callable[[HeldQuestion], None]
"""Gives the answers of a question that waits no more."""


class HeldAnswers:
    """All answers that wait, at most as many queries of a client and in all as `limits` allow."""

    def __init__(self, limits: Limits, deadlines: Deadlines, release: Release) -> None:
        """Hold nothing yet."""
        self.limits = limits
        self._deadlines = deadlines
        self._give = release
        self._held: dict[Asking, HeldQuestion] = {}
        self._of: defaultdict[bytes, set[HeldQuestion]] = defaultdict(set)
        self._count = 0

    def __len__(self) -> int:
        """Count the queries that wait."""
        return self._count

    def get(self, asking: Asking) -> HeldQuestion | None:
        """Return the question whose answer waits already, or None."""
        return self._held.get(asking)

    def begin(self, question: HeldQuestion) -> None:
        """Hold the answer to a question until its time."""
        self._held[question.asking] = question
        self._of[question.asking[0]].add(question)
        self._deadlines.add(question.until, lambda _: self._end(question))

    def join(self, question: HeldQuestion, answer: Answer) -> bool:
        """Let a query wait for a held answer; False where too many wait."""
        theirs = sum(len(other.answers) for other in self._of[answer.pending.client])
        if theirs >= self.limits.held_per_client or self._count >= self.limits.held:
            return False
        question.answers.append(answer)
        self._count += 1
        return True

    def release(self, client: bytes) -> None:
        """Give all answers that are held for a client."""
        for question in list(self._of.get(client, ())):
            self._end(question)

    def release_all(self) -> None:
        """Give all answers."""
        for question in list(self._held.values()):
            self._end(question)

    def _end(self, question: HeldQuestion) -> None:
        if self._held.get(question.asking) is not question:
            return  # given before its time
        client = question.asking[0]
        del self._held[question.asking]
        self._of[client].discard(question)
        if not self._of[client]:
            del self._of[client]
        self._count -= len(question.answers)
        self._give(question)
