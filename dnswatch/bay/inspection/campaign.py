"""Campaigns: the same payload, nearly the same, or the same size, to many people.

Payloads are compared without any header, across the clients of the site: a worm sends what it is to
everybody, and so do all machines that have it.  Nearly the same is a distance of TLSH (Oliver,
Cheng and Chen, "TLSH: a locality sensitive hash", 2013); it is memory of this process only.

Sizes that repeat told infected machines from others where payloads were not seen (WORM'04, section
4: those whose payload sizes are similar to the worm's published size).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final, Generic, TypeVar

from dnswatch.bay.inspection.opinions import Inspected, Said
from dnswatch.bay.record import Envelope

CLIENTS: Final = 128
"""Clients that are remembered; above, the one that was silent longest is forgotten."""

PER_CLIENT: Final = 100
"""Things remembered of each; above, its oldest is forgotten: thresholds are below."""

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keys with values, of each client; the same key again takes the place of the old one."""

    def __init__(self, window: float) -> None:
        """Remember for so many seconds."""
        self._window = window
        self._clients: OrderedDict[str, OrderedDict[K, tuple[float, V]]] = OrderedDict()

    def add(self, client: str, key: K, value: V, now: float) -> Mapping[K, V]:
        """Remember something, and return what is known of that client, this included."""
        known = self._clients.setdefault(client, OrderedDict())
        self._clients.move_to_end(client)
        known[key] = (now, value)
        known.move_to_end(key)
        while len(known) > PER_CLIENT:
            known.popitem(last=False)
        while len(self._clients) > CLIENTS:
            self._clients.popitem(last=False)
        self._forget(known, now)
        return {key: value for key, (_, value) in known.items()}

    def all(self, now: float) -> Iterator[tuple[str, K, V]]:
        """Tell what is known of all clients."""
        for client, known in self._clients.items():
            self._forget(known, now)
            for key, (_, value) in known.items():
                yield client, key, value

    def _forget(self, known: OrderedDict[K, tuple[float, V]], now: float) -> None:
        while known and next(iter(known.values()))[0] <= now - self._window:
            known.popitem(last=False)


def people(envelope: Envelope) -> bytes:
    """Name those that a message goes to: a message that is tried again goes to the same."""
    listed = "\n".join(sorted(one.casefold() for one in envelope.recipients))
    return blake2b(listed.encode(errors="surrogatepass"), digest_size=16).digest()


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

    async def look(self, case: Inspected) -> Said:
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


NEAR_SIZE: Final = 0.01
"""Sizes that differ by so much are one size: the header holds another name each time."""

MOST_OF_A_CLIENT: Final = 0.5
"""It must be so much of what a client sends; persons' messages have all sizes."""


class Sizes:
    """Remembers the sizes of what each client sent to whom."""

    name = "sizes"

    def __init__(self, *, same: int, window: float, now: Callable[[], float]) -> None:
        """So many messages of one size within the window (seconds) are suspicious."""
        self._same = same
        self._now = now
        self._recent: Recent[bytes, int] = Recent(window)

    async def look(self, case: Inspected) -> Said:
        """Count this client's messages of this size that went to other people."""
        envelope = case.envelope
        sizes = self._recent.add(envelope.key, people(envelope), envelope.size, self._now())
        alike = sum(1 for size in sizes.values() if abs(size - envelope.size) <= NEAR_SIZE * size)
        if alike >= self._same and alike >= MOST_OF_A_CLIENT * len(sizes):
            return "suspicious", (
                f"{alike} of the client's last {len(sizes)} messages to different people have"
                f" {envelope.size:,} bytes, within one in a hundred"
            )
        return "clean", f"{alike} of the client's last {len(sizes)} messages have this size"
