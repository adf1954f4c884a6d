"""The delay queue of both of Williamson's throttles: who is new waits, one leaves each period."""

from collections import OrderedDict
from typing import Final

from dnswatch.lab.campus.defences.acts import Client

LONGEST: Final = 100
"""Waiting requests at which the machine is taken off (Twycross, Williamson, USENIX Security 2003).
"""


class DelayQueue:
    """One client's working set and queue."""

    def __init__(self, working_set: int, period: float) -> None:
        """Hold `working_set` targets; let one new target pass each `period` seconds."""
        self._size = working_set
        self._period = period
        self._known: OrderedDict[bytes, float] = OrderedDict()
        "Target to when it leaves or left the queue, the latest last."
        self._free_at = float("-inf")
        "When the next new target may pass."
        self.is_off = False
        "The queue was once too long."

    def wait(self, target: bytes, at: float) -> float:
        """Return the seconds that a request for `target` waits.

        A target that is in the queue already leaves it with the first request for it.
        """
        if self.is_off:
            return float("inf")
        leaves = self._known.get(target)
        if leaves is None:
            leaves = max(at, self._free_at)
            if (leaves - at) / self._period >= LONGEST:
                self.is_off = True
                return float("inf")
            self._free_at = leaves + self._period
            self._known[target] = leaves
        if leaves <= at:
            self._known.move_to_end(target)
        self._shrink(at)
        return max(0.0, leaves - at)

    def _shrink(self, at: float) -> None:
        """Keep of those that have left as many as the working set holds."""
        left = [target for target, leaves in self._known.items() if leaves <= at]
        for target in left[: max(0, len(left) - self._size)]:
            del self._known[target]


class DelayQueues:
    """A queue for each client."""

    def __init__(self, working_set: int, period: float) -> None:
        """Begin with none; what each of them lets pass is as in `DelayQueue`."""
        self._settings = working_set, period
        self._queues: dict[Client, DelayQueue] = {}

    def wait(self, client: Client, target: bytes, at: float) -> float:
        """Return the seconds that a client's request for `target` waits."""
        queue = self._queues.get(client)
        if queue is None:
            queue = self._queues[client] = DelayQueue(*self._settings)
        return queue.wait(target, at)
