"""Campaigns: the same payload, or nearly the same, to many people.

Payloads are compared without any header, across the clients of the site: a worm sends what it is to
everybody, and so do all machines that have it.  Nearly the same is a distance of TLSH (Oliver,
Cheng and Chen, "TLSH: a locality sensitive hash", 2013); it is memory of this process only.
"""

from collections.abc import Callable, Iterable
from typing import Final

from dnswatch.bay.inspection.inspector import Case, Said
from dnswatch.bay.inspection.recent import Recent, people

try:
    import tlsh
except ImportError:  # without a compiler at hand; then only equal payloads are known again
    tlsh = None

NEAR: Final = 30
"""Distance up to which payloads are nearly the same: what fills in a name stays far below, texts of
their own are above 100."""

_Payload = tuple[str, str]
"""SHA-256 and TLSH."""


class Campaign:
    """Remembers who was sent which payload."""

    name = "campaign"

    def __init__(
        self, *, copies: int, near_copies: int, window: float, now: Callable[[], float]
    ) -> None:
        """So many messages within the window (seconds) are a campaign."""
        self._copies = copies
        self._near_copies = near_copies
        self._now = now
        self._recent: Recent[tuple[str, bytes], str] = Recent(window)

    async def look(self, case: Case) -> Said:
        """Count the messages with this payload that went to other people."""
        anatomy, envelope, now = case.anatomy(), case.envelope, self._now()
        mine = (anatomy.payload, people(envelope))
        self._recent.add(envelope.key, mine, anatomy.fuzzy, now)
        known = list(self._recent.all(now))
        alike = _near(anatomy.fuzzy, {fuzzy for _, _, fuzzy in known})
        same = {(who, to) for who, (payload, to), _ in known if payload == anatomy.payload}
        near = same | {(who, to) for who, (_, to), fuzzy in known if fuzzy in alike}
        if len(same) >= self._copies:
            return "suspicious", _sentence("the same payload", same)
        if len(near) >= self._near_copies:
            return "suspicious", _sentence("nearly the same payload", near)
        return "clean", f"{len(same)} messages with this payload, {len(near)} with one like it"


def _near(fuzzy: str, others: Iterable[str]) -> set[str]:
    """Find the hashes that are near to one."""
    if not fuzzy or tlsh is None:
        return set()
    return {other for other in others if other and tlsh.diff(fuzzy, other) <= NEAR}


def _sentence(what: str, letters: set[tuple[str, bytes]]) -> str:
    clients = len({who for who, _ in letters})
    by = f"{clients} clients" if clients > 1 else "this client"
    return f"{what} went out in {len(letters)} messages to different people, by {by}"
