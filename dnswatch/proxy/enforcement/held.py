"""Held answers: what waits, and the queries that wait for it.

All retries of a question wait together and are answered together, each by its own ID: a stub that
asks again from another port would lose an answer to its first query.  An answer is written when it
leaves, with the TTLs of that moment.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from dnswatch.model.observation import Enforced
from dnswatch.proxy.lookup import Waiter
from dnswatch.resolver.askings import Asking
from dnswatch.settings import Limits

Write = Callable[[], bytes]
"""Writes an answer, all but its ID, as it is now."""


@dataclass(slots=True, eq=False)
class Held:
    """An answer that waits."""

    asking: Asking
    enforced: Enforced
    is_refused: bool
    "SERVFAIL follows the wait, not the answer."
    is_forged: bool = False
    "An answer that leads to the bay follows, unless the name turns out to be a web site."
    timer: asyncio.TimerHandle | None = None
    waiting: list[tuple[Waiter, Write]] = field(default_factory=list)


class HeldAnswers:
    """All answers that wait, at most as many queries of a client and in all as `limits` allow."""

    def __init__(self, limits: Limits) -> None:
        """Hold nothing yet."""
        self.limits = limits
        self._held: dict[Asking, Held] = {}
        self._of: defaultdict[bytes, set[Held]] = defaultdict(set)
        self._count = 0

    def __len__(self) -> int:
        """Count the queries that wait."""
        return self._count

    def get(self, asking: Asking) -> Held | None:
        """Return the answer that a question waits for, or None."""
        return self._held.get(asking)

    def begin(
        self, asking: Asking, enforced: Enforced, wait: float, is_refused: bool, *,
        is_forged: bool = False,
    ) -> None:  # fmt: skip
        """Hold the answer to a question for `wait` seconds."""
        held = self._held[asking] = Held(asking, enforced, is_refused, is_forged)
        held.timer = asyncio.get_running_loop().call_later(wait, self._release, held)
        self._of[asking[0]].add(held)

    def join(self, held: Held, waiter: Waiter, write: Write) -> bool:
        """Let a query wait for a held answer; False where too many wait."""
        theirs = sum(len(other.waiting) for other in self._of[waiter.client])
        if theirs >= self.limits.held_per_client or self._count >= self.limits.held:
            return False
        held.waiting.append((waiter, write))
        self._count += 1
        return True

    def release(self, client: bytes) -> None:
        """Give all answers that are held for a client."""
        for held in list(self._of.get(client, ())):
            self._release(held)

    def release_all(self) -> None:
        """Give all answers."""
        for held in list(self._held.values()):
            self._release(held)

    def _release(self, held: Held) -> None:
        if held.timer is not None:
            held.timer.cancel()
        client = held.asking[0]
        del self._held[held.asking]
        self._of[client].discard(held)
        if not self._of[client]:
            del self._of[client]
        self._count -= len(held.waiting)
        for waiter, write in held.waiting:
            waiter.reply(waiter, write())
