"""Health: how an upstream does, and what follows for the next question.

Down after `FAILURES` failures in a row, up again after `SUCCESSES` good responses in a row: one
lost datagram moves nothing, and a server that flaps is not trusted at once.
"""

from math import inf
from typing import Final

from dnswatch.seams import batch

FAILURES: Final = 3
SUCCESSES: Final = 2
SPELL: Final = 0.5

_GAIN: Final = 0.125
"""Weight of a new round-trip time in the smoothed one (RFC 6298 section 2)."""

_FIRST_PATIENCE: Final = 0.8
"""Seconds to wait for an upstream of which nothing is known yet."""
_LEAST_PATIENCE: Final = 0.5
_MOST_PATIENCE: Final = 1.2
"""Seconds: three upstreams are tried within a stub's first 5 s."""

EDNS_SURE: Final = 60.0
"""Seconds that the word of a probe on EDNS stands: so often at most a client's questions can cause
one, and so soon a server that was mended is asked with EDNS again."""

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
"""Seconds between two probes of an upstream that is down: doubled each time, up to this."""


class Health:
    """What is known of one upstream."""

    def __init__(self) -> None:
        """Believe it to be up."""
        self.up = True
        self.rtt = 0.0
        "Smoothed round-trip time, seconds; 0 before the first response."
        self.patience = _FIRST_PATIENCE
        "How long to wait for a response before another upstream is asked, seconds."
        self._failures_in_row = self._successes_in_row = 0
        self._spell_until = 0.0
        self._answers = self._failures = 0
        self._pause = _FIRST_PAUSE
        self.probe_at = 0.0
        "When to probe whether it is there, Unix seconds."
        self.edns = True
        "It knows EDNS, for all that our own probes have shown."
        self.edns_probe_at = inf
        "When to probe it for that, Unix seconds."
        self._edns_sure_until = 0.0

    def succeeded(self, rtt: float, now: float) -> None:
        """Note a usable response after `rtt` seconds."""
        self.rtt = rtt if not self.rtt else self.rtt + _GAIN * (rtt - self.rtt)
        self.patience = min(max(4 * self.rtt, _LEAST_PATIENCE), _MOST_PATIENCE)
        self._answers += 1
        self._failures_in_row = 0
        self._successes_in_row += 1
        if not self.up and self._successes_in_row >= SUCCESSES:
            self.up = True
        self._pause = _FIRST_PAUSE
        self.probe_at = now + (_LONGEST_PAUSE if self.up else 0.0)

    def failed(self, now: float) -> None:
        """Note a time-out, a refusal or a broken response.

        Of several within `SPELL` seconds one counts towards going down: questions that wait
        together for a slow zone are one bad spell.
        """
        self._failures += 1
        self._successes_in_row = 0
        if now < self._spell_until:
            return
        self._spell_until = now + SPELL
        self._failures_in_row += 1
        if self._failures_in_row >= FAILURES:
            self.up = False
            self.probe_at = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    @property
    def due(self) -> float:
        """When to probe it next, Unix seconds."""
        return min(self.probe_at, self.edns_probe_at)

    def doubt_edns(self, now: float) -> None:
        """Note that a question was answered only without EDNS: a probe shall find out why."""
        if self.edns and now >= self._edns_sure_until:
            self.edns_probe_at = now

    def learn_edns(self, now: float, knows: bool) -> None:
        """Note what a probe of our own found out."""
        self.edns = knows
        self._edns_sure_until = now + EDNS_SURE
        self.edns_probe_at = inf if knows else now + EDNS_SURE

    def report(self, upstream: str) -> batch.Health:
        """Say how it does, and start counting anew."""
        said = batch.Health(upstream, self.up, self.rtt, self._answers, self._failures, self.edns)
        self._answers = self._failures = 0
        return said
