"""Counting: how often each client made which kind of lookup, and what measures that amounts to.

While lookups come in each is one number in a row of its client; names of measures (changes.py) are
made when they are told.
"""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from dnswatch.codes import rcode_name, type_name
from dnswatch.model.changes import Changes
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.observation import Origin

Kind = tuple[int, int, int, bool, LookupKind | None, int, int, int]
"""What is counted of a lookup: its type, rcode and origin, whether it was redirected, in which way
it is mail-related, and how many addresses of its answer were new, refreshed and hits."""

_ORIGINS: Final[dict[int, str]] = {
    Origin.CACHE: "cached",
    Origin.STALE: "stale",
    Origin.LOCAL: "local",
    Origin.FAILED: "failed",
}
_FROM_UPSTREAM: Final = frozenset((Origin.UPSTREAM, Origin.LATE))

_Rows = dict[bytes | None, dict[Kind, int]]
"""Client to its row: how many lookups of each kind.  None stands for all who are left out."""

_Measures = tuple[tuple[str, int], ...]


class Counts:
    """Lookups that were counted and not told yet."""

    def __init__(self) -> None:
        """Have counted none."""
        self._minutes: dict[int, _Rows] = {}
        self._minute = -1
        self._rows: _Rows = {}
        "Those of that minute."

    def add(self, client: bytes | None, minute: int, kind: Kind, count: int = 1) -> None:
        """Count lookups of a client in a minute."""
        if minute != self._minute:
            self._minute, self._rows = minute, self._minutes.setdefault(minute, {})
        row = self._rows.get(client)
        if row is None:
            self._rows[client] = {kind: count}
        else:
            row[kind] = row.get(kind, 0) + count

    def tell(self, changes: Changes) -> None:
        """Add all that was counted to what changed, and count anew."""
        for minute, rows in self._minutes.items():
            kinds: dict[Kind, int] = {}
            for client, row in rows.items():
                for kind, count in row.items():
                    kinds[kind] = kinds.get(kind, 0) + count
                if client is not None:
                    _put(changes.accounts[client, minute], row, _account_measures)
            _put(changes.site[minute], kinds, _site_measures)
            if None in rows:
                _put(changes.site[minute], rows[None], _nobodys_measures)
        self._minutes, self._minute, self._rows = {}, -1, {}


def _put(
    counts: Counter[str], row: dict[Kind, int], measures_of: Callable[[Kind], _Measures]
) -> None:
    """Add to counts what lookups of some kinds amount to."""
    for kind, count in row.items():
        for measure, amount in measures_of(kind):
            counts[measure] = counts.get(measure, 0) + amount * count


@lru_cache(maxsize=4096)
def _account_measures(kind: Kind) -> _Measures:
    """Return what one lookup of a kind adds to its client's account."""
    qtype, rcode, origin, is_redirected, found, new, refreshed, hits = kind
    amounts = {
        "lookup": 1,
        f"type:{type_name(qtype)}": 1,
        f"rcode:{rcode_name(rcode)}": 1,
        "redirected": int(is_redirected),
        f"mail:{found}": int(found is not None),
        _ORIGINS.get(origin, ""): int(origin in _ORIGINS),
        "new": new,
        "refresh": refreshed,
        "hit": hits,
    }
    return tuple((measure, amount) for measure, amount in amounts.items() if amount)


@lru_cache(maxsize=4096)
def _site_measures(kind: Kind) -> _Measures:
    """Return what one lookup of a kind adds to the site's counts."""
    _, _, origin, _, _, new, refreshed, hits = kind
    is_upstream = origin in _FROM_UPSTREAM
    amounts = {
        "lookup": int(origin != Origin.LATE),
        "upstream": int(is_upstream),
        "superfluous": int(is_upstream and refreshed > 0 and not new),
        "new": new,
        "refresh": refreshed,
        "hit": hits,
    }
    return tuple((measure, amount) for measure, amount in amounts.items() if amount)


def _nobodys_measures(kind: Kind) -> _Measures:
    """Return what one more of these is where its client is left out of the records."""
    return () if kind[2] == Origin.LATE else (("unrecorded", 1),)
