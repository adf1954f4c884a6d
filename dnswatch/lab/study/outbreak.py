"""The outbreak: when it began, and whom it infected, told from outgoing SMTP alone.

The paper's heuristic (WORM'04, section 5) contrasts a host's outgoing SMTP before and during the
outbreak: an uninfected host sends next to none past its mail server.  Who changes to many is a
candidate; of these remain the ones whose payloads are as long as the worm.  It is a heuristic, as
the paper says, and never certain.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, Final

JUMP: Final = 2.0
"""Times that SMTP must rise, or it was a week's ups and downs."""

MANY: Final = 50
"""SMTP flows that a candidate makes on its busiest day of the outbreak, at least."""

TIMES: Final = 10
"""How many times as many as on its busiest day before, at least."""

SIMILAR_PART: Final = 0.5
"""Part of a candidate's flows, of those whose payload is known, that is as long as the worm."""


def onset(counts: Sequence[int]) -> int | None:
    """Find the day from which on mail flows at a higher rate, or none.

    It is the likeliest change of a Poisson process from one rate to another.
    """
    best, found = float("-inf"), None
    whole = sum(counts)
    before = 0
    for day in range(1, len(counts)):
        before += counts[day - 1]
        after = whole - before
        lower, higher = before / day, after / (len(counts) - day)
        if higher <= max(JUMP * lower, 1.0):
            continue
        gain = _likelihood(before, day) + _likelihood(after, len(counts) - day)
        if gain > best:
            best, found = gain, day
    return found


def _likelihood(count: int, days: int) -> float:
    """Logarithm of the likelihood of a count, up to what all days share."""
    return count * log(count / days) if count else 0.0


@dataclass(frozen=True, slots=True)
class SuspectSender:
    """What one host sent by SMTP, each day."""

    flows: Mapping[int, int]
    "Day to flows."
    sized: Mapping[int, int]
    "Those whose payload is known."
    similar: Mapping[int, int]
    "Those of them that are as long as the worm."


def read(rows: Iterable[Mapping[str, Any]]) -> dict[str, SuspectSender]:
    """Gather rows of `trace.traffic.senders` by host."""
    found: dict[str, SuspectSender] = {}
    for row in rows:
        sender = found.setdefault(row["source"], SuspectSender({}, {}, {}))
        for days, column in (
            (sender.flows, "smtp"),
            (sender.sized, "smtp_sized"),
            (sender.similar, "smtp_similar"),
        ):
            days[row["bin"]] = row[column]  # type: ignore[index]
    return found


def suspects(senders: Mapping[str, SuspectSender], onset: int, by_size: bool) -> list[str]:
    """Name the hosts that the outbreak changed; `by_size` looks at payloads too."""
    return sorted(
        address
        for address, sender in senders.items()
        if _changed(sender.flows, onset) and not (by_size and _differs(sender, onset))
    )


def _changed(flows: Mapping[int, int], onset: int) -> bool:
    before = max((count for day, count in flows.items() if day < onset), default=0)
    during = max((count for day, count in flows.items() if day >= onset), default=0)
    return during >= max(MANY, TIMES * before)


def _differs(sender: SuspectSender, onset: int) -> bool:
    """Whether payloads are known, and most are not as long as the worm."""
    sized, similar = (
        sum(count for day, count in days.items() if day >= onset)
        for days in (sender.sized, sender.similar)
    )
    return similar < SIMILAR_PART * sized
