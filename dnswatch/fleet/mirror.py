"""The mirror: what the workers of a node were told, as their relay knows it.

A worker that starts is told all of it, also while the engine is away.
"""

from collections import defaultdict
from collections.abc import Iterator

from msgspec.structs import replace

from dnswatch.model.exchanges import Exchanges, Lessons
from dnswatch.model.policies.mark import Doubts, Mark, Marks
from dnswatch.seams.batch import Briefing, brief


class Mirror:
    """Lessons, marks and doubts as they hold for a node's workers."""

    def __init__(self, workers: int) -> None:
        """Know nothing yet; the node has as many workers."""
        self.exchanges = Exchanges()
        self._marks: dict[bytes, list[Mark]] = {}
        self._suspects: dict[bytes, float] = {}
        self._workers = workers
        self._share = 1.0

    def divide(self, workers: int) -> bool:
        """Take how many workers the site has; return whether marks mean another thing now.

        Each of ours divides a mark's terms by how many we are; what is left is the other nodes'.
        """
        share = max(1.0, workers / self._workers)
        if share == self._share:
            return False
        self._share = share
        return True

    def learn(self, briefing: Briefing, now: float) -> Briefing:
        """Take in what the leader told; return what the workers are to be told of it."""
        self.exchanges.teach(briefing.lessons, now)
        if briefing.doubts is not None:
            self._doubt(briefing.doubts)
        if briefing.marks is None:
            return briefing
        self._mark(briefing.marks)
        return replace(briefing, marks=self._shared(briefing.marks))

    def whole(self, now: float) -> Iterator[Briefing]:
        """Tell all of it."""
        self.exchanges.forget(now)
        yield from brief(self.exchanges.lessons())
        yield from self.marks(now)
        suspects = [(client, until) for client, until in self._suspects.items() if until > now]
        yield from brief(Lessons(), None, Doubts(suspects, whole=True))

    def marks(self, now: float) -> Iterator[Briefing]:
        """Tell all marks."""
        marks = [mark for some in self._marks.values() for mark in some if mark.until > now]
        yield from brief(Lessons(), self._shared(Marks(marks, whole=True)))

    def _mark(self, marks: Marks) -> None:
        if marks.whole:
            self._marks.clear()
        news: dict[bytes, list[Mark]] = defaultdict(list)
        for mark in marks.marks:
            news[mark.client].append(mark)
        self._marks.update(news)
        for client in marks.unmarked:
            self._marks.pop(client, None)

    def _doubt(self, doubts: Doubts) -> None:
        if doubts.whole:
            self._suspects.clear()
        self._suspects.update(doubts.suspects)
        for client in doubts.cleared:
            self._suspects.pop(client, None)

    def _shared(self, marks: Marks) -> Marks:
        if self._share == 1.0:
            return marks
        return replace(
            marks,
            marks=[replace(mark, terms=mark.terms.shared(self._share)) for mark in marks.marks],
        )
