"""Throttles: published limits on what a client may connect to."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Final

from dnswatch.lab.campus.defences.acts import Client, SeenContact

# The delay queue of both of Williamson's throttles: who is new waits, one leaves each period.

WORKING_SET: Final = 5
"""Targets that a client may contact without waiting."""
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


# The host throttle: one new host a second.
#
# Williamson, "Throttling Viruses: Restricting Propagation to Defeat Malicious Mobile Code" (ACSAC
# 2002): a connection to a host outside the working set of 5 waits in a queue that lets one leave
# each second.

HOST_PERIOD: Final = 1.0
"""Seconds."""


class HostThrottle:
    """A queue for each client."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._queues = DelayQueues(WORKING_SET, HOST_PERIOD)

    def leaves(self, contact: SeenContact) -> float:
        """Return how long a connection waits, seconds."""
        return self._queues.wait(contact.client, contact.address, contact.at)

    def ended(self, contact: SeenContact, succeeded: bool) -> None:
        """Learn nothing: this throttle does not ask whether connections succeed."""


# The router's filter: nobody but mail servers connects to port 25.
#
# WORM'04, section 6: possible and quite effective where one organisation runs all machines, too
# restrictive where people run mail servers of their own.

SMTP = 25


class PortFilter:
    """Stateless."""

    def __init__(self, mail_servers: Collection[Client]) -> None:
        """Let only `mail_servers` through."""
        self._mail_servers = frozenset(mail_servers)

    def leaves(self, contact: SeenContact) -> float:
        """Return 0 for what may pass, else infinity."""
        is_refused = contact.port == SMTP and contact.client not in self._mail_servers
        return float("inf") if is_refused else 0.0

    def ended(self, contact: SeenContact, succeeded: bool) -> None:
        """Learn nothing: the filter is fixed."""


# Failures: who fails to connect too often connects more slowly.
#
# Chen and Tang, "Slowing Down Internet Worms" (ICDCS 2004), temporal rate limit: a machine's
# connections go by a bucket of tokens; each failed connection takes one, tokens come at the
# failure rate that a machine may have, and a machine without tokens waits for the next.

RATE: Final = 1 / 60
"""Failures a second that a machine may have in the long run."""
BURST: Final = 10.0
"""Failures at once."""


class FailureThrottle:
    """A bucket for each client: tokens and when they were counted."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._buckets: dict[Client, tuple[float, float]] = {}

    def leaves(self, contact: SeenContact) -> float:
        """Return how long a connection waits for a token, seconds."""
        tokens = self._filled(contact)
        return 0.0 if tokens >= 1.0 else (1.0 - tokens) / RATE

    def ended(self, contact: SeenContact, succeeded: bool) -> None:
        """Take a token for a failure; the next connections wait where none is left."""
        if not succeeded:
            self._buckets[contact.client] = self._filled(contact) - 1.0, contact.at

    def _filled(self, contact: SeenContact) -> float:
        tokens, counted_at = self._buckets.get(contact.client, (BURST, contact.at))
        return min(BURST, tokens + RATE * max(0.0, contact.at - counted_at))


# Introduced: a machine may contact only what a DNS answer introduced.
#
# Ganger, Economou, Bielski, "Self-Securing Network Interfaces: What, Why and How" (CMU-CS-02-144,
# 2002): a contact to an address that no DNS answer brought is refused. The paper's point
# (WORM'04, section 6): mass-mailing worms do ask DNS.


class Introduced:
    """Stateless: who introduced what is known from the lookups."""

    def leaves(self, contact: SeenContact) -> float:
        """Return 0 for an address that was introduced, else infinity."""
        return 0.0 if contact.introduced else float("inf")

    def ended(self, contact: SeenContact, succeeded: bool) -> None:
        """Learn nothing: this rule does not ask whether connections succeed."""


# The mail throttle: few new recipients a time.
#
# Williamson, "Design, Implementation and Test of an Email Virus Throttle" (ACSAC 2003): a mail to
# a recipient outside the working set waits in a queue. The publication's slack is that of the
# host throttle's working set; its period is chosen by the site, here one new recipient a minute.
# A recipient is known here by its mail domain, which is what both DNS and connections show.

MAIL_PERIOD: Final = 60.0
"""Seconds."""


class MailThrottle:
    """A queue for each client."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._queues = DelayQueues(WORKING_SET, MAIL_PERIOD)

    def leaves(self, contact: SeenContact) -> float:
        """Return how long a mail waits, seconds; other connections never do."""
        if not contact.recipient:
            return 0.0
        return self._queues.wait(contact.client, contact.recipient, contact.at)

    def ended(self, contact: SeenContact, succeeded: bool) -> None:
        """Learn nothing: this throttle does not ask whether mails are accepted."""
