"""The lease: which node leads.

A key of the engine that ends by itself unless its holder renews it.  Whoever wins it has a fencing
number, the *fence*, greater than that of all leaders before it: what it writes, it writes under IDs
that begin with it, so that the engine itself refuses what a leader writes late that has lost it.

The fence is the engine's time in milliseconds: a counter might count again what it had counted
before, where the engine comes back with an older file.
"""

from collections.abc import Callable
from typing import Final

from dnswatch.fleet.engine import FleetEngine

LIFE: Final = 8.0
"""Seconds that a lease lasts without being renewed: within 15 s another node leads."""

RENEW: Final = 2.0
"""Seconds between two renewals: some may fail, and there is time for another."""

SPARE: Final = 1.0
"""Seconds by which its holder ends before it does: clocks do not run alike."""


class LeaderLease:
    """One node's part in it; times are those of a clock that is never set."""

    def __init__(
        self, engine: FleetEngine, node: str, token: str, elapsed: Callable[[], float]
    ) -> None:
        """Take part as `node`; the token is that of all its processes, of which one lives."""
        self._engine = engine
        self._key = engine.key("lead")
        self._value = f"{node} {token}".encode()
        self._elapsed = elapsed
        self._until = self._renew_at = 0.0
        self.fence = 0
        "Ours, once the lease is won."

    def leader(self) -> str | None:
        """Return who else leads now, if anybody does."""
        value = self._engine.get(self._key)
        return value.decode().split()[0] if value and value != self._value else None

    def win(self, at_least: int = 0) -> bool:
        """Try to win it, with a fence of `at_least` or greater; raises `EngineError`."""
        begun_at = self._elapsed()
        # It is ours still where the process before this one was killed with it.
        is_won = self._engine.put(self._key, self._value, LIFE, if_new=True)
        if not is_won and not self._engine.prolong(self._key, self._value, LIFE):
            return False
        self._extend(begun_at)
        self.fence = max(round(self._engine.now() * 1000), at_least)
        return True

    def renew(self) -> bool:
        """Prolong it if that is due; False once it is another's.  Raises `EngineError`."""
        begun_at = self._elapsed()
        if begun_at < self._renew_at:
            return True
        if self._engine.prolong(self._key, self._value, LIFE):
            self._extend(begun_at)
            return True
        return False

    @property
    def is_held(self) -> bool:
        """Whether it is sure to be ours still."""
        return self._elapsed() < self._until

    def release(self) -> None:
        """Give it back, so that another node leads at once."""
        self._until = 0.0
        self._engine.withdraw(self._key, self._value)

    def _extend(self, begun_at: float) -> None:
        self._until = begun_at + LIFE - SPARE
        self._renew_at = begun_at + RENEW
