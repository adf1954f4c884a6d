"""Access: who may speak to the bay, and the banner that everybody else reads.

Clients whose quarantine stands or ended a while ago may, and those that the site always lets in;
nobody else, so that the bay is no open relay.  Who is quarantined stands in the store, where the
watch notes it.  While the store cannot be read, those who were known stay known, and nobody new.

Answers name the bay up to two seconds before the bay can read that they do: the watch tells the
workers first, and the store then.  So a client that is not known yet is looked up once more before
it is refused for good; and nobody is refused while it cannot be read who is quarantined.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from dnswatch import addresses
from dnswatch.bay.smtp.limits import StrangerTally
from dnswatch.errors import StoreError
from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.settings import Settings
from dnswatch.store.bay.quarantine import quarantined, same_machine
from dnswatch.store.database import open_reader, sentences, which
from dnswatch.store.sqlite import Database

logger: Final = logging.getLogger("dnswatch.bay")

_address = functools.lru_cache(1000)(addresses.read)
"""Read an address: a client's is needed several times for each of its messages."""

FRESH: Final = 0.5
"""Seconds for which what was read holds: a client waits no longer to be let in."""


class SmtpAccess:
    """Who may speak."""

    def __init__(self, state: Path, settings: Settings, now: Callable[[], float]) -> None:
        """Read who is quarantined from the store in the directory `state`."""
        self._state = state
        self._settings = settings
        self._now = now
        self._ends: dict[str, float | None] = {}
        "Of each key: when its quarantine ended, None while it stands."
        self._kin: dict[str, frozenset[str]] = {}
        "Of each key: all keys of the same machine."
        self._db: Database | None = None
        self._file = 0
        "Number of the file that is open: a damaged store is replaced by a new one."
        self._read_at = float("-inf")
        self._is_troubled = False
        self._pseudonyms = Pseudonyms.load(state) if settings.privacy.pseudonyms else None

    def key(self, client: str) -> str:
        """Return the key under which an address stands in the store."""
        address = _address(client)
        return self._pseudonyms.of(address.packed) if self._pseudonyms else str(address)

    def same_machine(self, key: str) -> frozenset[str]:
        """Return the keys of the machine that a key is of, as last read; its own is among them."""
        return self._kin.get(key, frozenset((key,)))

    def admits(self, client: str) -> bool:
        """Say whether the client at an address may speak; may read the store.

        Raises `StoreError` where it cannot be known of this one.
        """
        if self._is_open_to(client):
            return True
        now = self._now()
        if now - self._read_at >= FRESH:
            self._read()
            self._read_at = now
        if self._is_quarantined(client, now):
            return True
        if self._is_troubled:
            raise StoreError("it cannot be read who is quarantined")
        return False

    def knows(self, client: str) -> bool:
        """Say whether the client at an address may speak, by what was read last; returns at once.

        Whom it does not know may be quarantined since.
        """
        return self._is_open_to(client) or self._is_quarantined(client, self._now())

    def is_sure(self, client: str) -> bool:
        """Say whether the client at an address may speak, by what need not be read again yet."""
        now = self._now()
        is_fresh = now - self._read_at < FRESH
        return self._is_open_to(client) or (is_fresh and self._is_quarantined(client, now))

    def _is_open_to(self, client: str) -> bool:
        address = _address(client)
        return any(address in subnet.network for subnet in self._settings.bay.open_to)

    def _is_quarantined(self, client: str, now: float) -> bool:
        until = self._ends.get(self.key(client), 0.0)
        return until is None or until + self._settings.bay.grace > now

    def close(self) -> None:
        """Close the store."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _read(self) -> None:
        try:
            self._ends = self._fetch()
        except StoreError as error:
            self.close()
            if not self._is_troubled:
                logger.warning("nobody new may speak to the bay for now: %s", error)
            self._is_troubled = True
            return
        if self._is_troubled:
            logger.info("the bay knows again who is quarantined")
        self._is_troubled = False

    def _fetch(self) -> dict[str, float | None]:
        if self._db is not None and self._file != which(self._state):
            self.close()
        if self._db is None:
            self._file = which(self._state)
            self._db = open_reader(self._state)
        with sentences(self._state):
            ends = {key: until for key, (_, until) in quarantined(self._db).items()}
            pairs = same_machine(self._db)
        for key, other in pairs:
            ends.setdefault(other, ends.get(key))
        self._kin = _machines(pairs)
        return ends


def _machines(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Find each key's machine; `pairs` has a quarantined key of it with every other key."""
    found: dict[str, set[str]] = {}
    for key, other in pairs:
        found.setdefault(key, {key}).add(other)
    return {key: frozenset(machine) for machine in found.values() for key in machine}


TURNED_AWAY: Final = (
    "554 5.7.1 This holding bay takes mail of quarantined clients only: ask DNS again for the"
    " exchange of your recipient"
)
"""Never "try again": such a client must not wait for what will not come."""

UNKNOWN: Final = "421 4.3.0 It cannot be said now whose mail is taken here, try again later"

LAG: Final = 3.0
"""Seconds after which a client is looked up once more."""


class Banner:
    """Lets clients in, or not."""

    def __init__(
        self,
        admits: Callable[[str], bool],
        knows: Callable[[str], bool],
        tally: StrangerTally,
        lag: float = LAG,
        is_sure: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """Ask `admits`, which may read the store; `knows` tells what was read last, at once.

        `is_sure` tells whom it would let in without reading.
        """
        self._admits = admits
        self._knows = knows
        self._tally = tally
        self._lag = lag
        self._is_sure = is_sure

    def knows(self, client: str) -> bool:
        """Say whether the client at an address may come in without waiting."""
        return self._knows(client)

    def is_sure(self, client: str) -> bool:
        """Say whether the client at an address may come in, without asking anybody."""
        return self._is_sure(client)

    async def refusal(self, client: str) -> str:
        """Return what the client at an address is told; empty where it may come in."""
        try:
            if await asyncio.to_thread(self._admits, client):
                return ""
            await asyncio.sleep(self._lag)
            if await asyncio.to_thread(self._admits, client):
                return ""
        except StoreError:
            return UNKNOWN
        self._tally.note("were turned away: not quarantined", client)
        return TURNED_AWAY
