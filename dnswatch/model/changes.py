"""Changes: all that happened at the site since the last drain, ready to be stored.

Counts are additive and states replace each other, so that changes which could not be stored are
joined with those that come next (`merge`), and nothing but time resolution depends on how often
the watch is drained.

Measures of an account: `lookup`; `type:MX` (each RR type), `rcode:NXDOMAIN` (each rcode),
`mail:mx` (each `LookupKind`); `new`, `refresh`, `hit` (addresses in its answers, by what they were
to the site cache); `cached`, `stale`, `local`, `failed` (lookups, by origin); `redirected`;
`challenged`, `limited` (queries that are no lookups, by their `Fate`).

Measures of the site: `lookup`; `upstream` (lookups an upstream answered); `superfluous` (those of
them that brought addresses, all unexpired); `new`, `refresh`, `expire`, `hit`; `evicted` (entries
that went early at the bound); `unrecorded` (lookups of clients that are left out).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import TypeVar

import msgspec

from dnswatch.model.exchanges import LookupKind
from dnswatch.model.health import HealthReport
from dnswatch.model.observation import Enforced, Origin
from dnswatch.model.policies.note import Note
from dnswatch.model.policies.standing import Standing
from dnswatch.model.states import EntryStates
from dnswatch.model.vantage import VantagePoint

K = TypeVar("K")


class MailLookup(msgspec.Struct, frozen=True, gc=False):
    """One mail-related lookup, kept on its own."""

    at: float
    "When the response left, Unix seconds."
    client: bytes
    "Packed source address."
    kind: LookupKind
    domain: bytes
    "Mail domain it belongs to, lower-case wire form."
    qname: bytes
    "Lower-case wire form."
    qtype: int
    rcode: int
    "Extended rcode, 0 to 4095."
    origin: Origin
    addresses: tuple[tuple[bytes, int], ...]
    "Packed address and TTL (seconds) of each A and AAAA record of the answer."
    exchanges: tuple[bytes, ...]
    "Exchanges of the answer's MX records (wire form, lower case); the root name is a null MX."
    new: int
    "Addresses of the answer that were new to the site cache."
    refreshed: int
    "Addresses that had not expired when upstream sent them again."
    hits: int
    "Addresses that the worker gave without asking upstream."
    redirected: bool
    "The lookup was on its way to another resolver and was redirected to us."
    recursion: bool
    "The RD bit of the query."
    ttl: int = 0
    "Smallest TTL of the answer's MX records, seconds."
    enforced: Enforced | None = None
    "What a policy did to the answer."
    proven: bool = True
    "Nobody else can have sent it in the client's name."


class Cursor(msgspec.Struct, frozen=True):
    """How much of a journal of batches changes cover, with those stored before."""

    journal: int
    "Its name."
    taken: int = 0
    "Where it went on: of batches before that, all but the lookups that wait is in."
    waiting: dict[str, tuple[int, int]] = {}
    "Sender to where its first batch is of which lookups wait, and how many: the latest ones of it."
    node: str = ""
    "Whose journal it is, in a fleet."
    count: int = 0
    "Messages before `taken`, in a fleet."

    @property
    def needed(self) -> int:
        """From where on the journal must be kept."""
        return min([self.taken, *(place for place, _ in self.waiting.values())])


def minute_of(at: float) -> int:
    """Number the minute of a moment: Unix seconds / 60."""
    return int(at) // 60


@dataclass(slots=True)
class Changes:
    """All that happened since the last drain."""

    accounts: dict[tuple[bytes, int], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    "Packed client and number of the minute, to what was counted by measure."
    lookups: list[MailLookup] = field(default_factory=list)
    "In order of time."
    guesses: list[MailLookup] = field(default_factory=list)
    "Names that look like guessed mail hosts of domains nobody asked MX for: evidence, no record."
    visits: list[tuple[float, bytes, bytes]] = field(default_factory=list)
    "When (Unix seconds), client (packed), and a mail host's name that it uses for the web."
    carried: list[tuple[float, bytes, bytes, int]] = field(default_factory=list)
    "When (Unix seconds), client (packed), name and type of what a tunnel could carry bytes in."
    site: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    "Number of the minute, to what was counted by measure."
    entries: EntryStates = field(default_factory=EntryStates)
    "Of the site cache, those that changed."
    counters: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    "Number of the minute, to increments of the processes' counters by name."
    health: dict[tuple[str, int, str], HealthReport] = field(default_factory=dict)
    "Node of a fleet (or empty), worker and upstream, to the last state; counts are sums."
    standings: dict[bytes, Standing] = field(default_factory=dict)
    "Client to its verdict, where that changed."
    quarantine: dict[bytes, tuple[float, bool]] = field(default_factory=dict)
    "Client to when its quarantine began (True) or ended, where that changed; Unix seconds."
    vantages: dict[str, VantagePoint] = field(default_factory=dict)
    "By name, how those other vantage points do that came, said anything, or went."
    begun_at: float | None = None
    "When a watch began to tell: who is not in `quarantine` or `vantages` then is not, or is gone."
    notes: list[Note] = field(default_factory=list)
    "What will be asked about later, in order of time."
    detector: bytes = b""
    "What the detector must know of the site after a restart; empty where that did not change."
    client_states: dict[str, bytes | None] = field(default_factory=dict)
    "Client's key to what the detector must know of it; None where that is nothing any more."
    judged: int = 0
    "How many of `lookups`, from the first on, `detector` and `client_states` have taken in."
    until: float = 0.0
    "Up to when all that expired is among them, Unix seconds."
    cursors: tuple[Cursor, ...] = ()
    "Of the journals that these changes come from; none where they do not come from one."

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return any(
            (
                self.accounts,
                self.lookups,
                self.site,
                self.entries,
                self.counters,
                self.health,
                self.standings,
                self.notes,
                self.detector,
                self.client_states,
                self.quarantine,
                self.begun_at,
                self.vantages,
                any(cursor.node for cursor in self.cursors),  # others keep what is before them
            )
        )

    def hear(self, worker: int, health: HealthReport, node: str = "") -> None:
        """Take in a worker's report on one upstream."""
        earlier = self.health.get((node, worker, health.upstream))
        self.health[node, worker, health.upstream] = health.since(earlier) if earlier else health

    def merge(self, later: "Changes") -> None:
        """Join with the changes that came after these, which are not to be used any more."""
        self._merge_counts(later)
        self.entries.extend(later.entries)
        if later.detector:
            self.judged = len(self.lookups) + later.judged
        self.lookups.extend(later.lookups)
        self.guesses.extend(later.guesses)
        self.visits.extend(later.visits)
        self.carried.extend(later.carried)
        self.until = max(self.until, later.until)
        self.cursors = later.cursors or self.cursors
        self.standings.update(later.standings)
        self.quarantine.update(later.quarantine)
        self.vantages.update(later.vantages)
        if self.begun_at is None:
            self.begun_at = later.begun_at
        self.detector = later.detector or self.detector
        self.client_states.update(later.client_states)
        self.notes.extend(later.notes)
        for (node, worker, _), health in later.health.items():
            self.hear(worker, health, node)

    def _merge_counts(self, later: "Changes") -> None:
        if self.accounts:
            for key, account in later.accounts.items():
                self.accounts[key].update(account)
        else:  # mostly: what went before is stored already
            self.accounts = later.accounts
        for minute, measures in later.site.items():
            self.site[minute].update(measures)
        for minute, counters in later.counters.items():
            self.counters[minute].update(counters)

    def leave_judgments(self) -> None:
        """Keep what was seen, and leave out all that follows from what was known before."""
        self.detector, self.judged, self.begun_at = b"", 0, None
        for found in (self.client_states, self.standings, self.quarantine, self.notes):
            found.clear()

    def trim(self, limit: int) -> int:
        """Keep at most `limit` of each kind, losing the oldest first; return how many went."""
        before = self._size()
        lost = max(0, len(self.lookups) - limit)
        del self.lookups[:lost]
        self.judged = max(0, self.judged - lost)
        del self.notes[: max(0, len(self.notes) - limit)]
        for key in _first(self.accounts, limit, by=lambda key: key[1]):
            del self.accounts[key]
        return before - self._size() + self.entries.trim(limit)

    def _size(self) -> int:
        return len(self.lookups) + len(self.accounts) + len(self.notes)


def _first(table: Collection[K], limit: int, by: Callable[[K], float]) -> list[K]:
    """Those that must go, the first in order `by`, so that `limit` are left."""
    return nsmallest(len(table) - limit, table, key=by) if len(table) > limit else []
