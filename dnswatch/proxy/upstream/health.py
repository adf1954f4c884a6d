"""Health: how an upstream does, and what follows for the next question.

Down after `FAILURES` failures in a row, up again after `SUCCESSES` good responses in a row: one
lost datagram moves nothing, and a server that flaps is not trusted at once.
"""

from typing import Final

from dnswatch.seams import batch

FAILURES: Final = 3
SUCCESSES: Final = 2

_GAIN: Final = 0.125
"""Weight of a new round-trip time in the smoothed one (RFC 6298 section 2)."""

_FIRST_PATIENCE: Final = 0.8
"""Seconds to wait for an upstream of which nothing is known yet."""
_LEAST_PATIENCE: Final = 0.3
_MOST_PATIENCE: Final = 1.2
"""Seconds: three upstreams are tried within a stub's first 5 s."""

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
        self._failures_in_row = self._successes_in_row = 0
        self._answers = self._failures = 0
        self._pause = _FIRST_PAUSE
        self.probe_at = 0.0
        "When to probe it next, Unix seconds."

    @property
    def patience(self) -> float:
        """How long to wait for a response before another upstream is asked, seconds."""
        if not self.rtt:
            return _FIRST_PATIENCE
        return min(max(4 * self.rtt, _LEAST_PATIENCE), _MOST_PATIENCE)

    def succeeded(self, rtt: float, now: float) -> None:
        """Note a usable response after `rtt` seconds."""
        self.rtt = rtt if not self.rtt else self.rtt + _GAIN * (rtt - self.rtt)
        self._answers += 1
        self._failures_in_row = 0
        self._successes_in_row += 1
        if not self.up and self._successes_in_row >= SUCCESSES:
            self.up = True
        self._pause = _FIRST_PAUSE
        self.probe_at = now + (_LONGEST_PAUSE if self.up else 0.0)

    def failed(self, now: float) -> None:
        """Note a time-out, a refusal or a broken response."""
        self._failures += 1
        self._successes_in_row = 0
        self._failures_in_row += 1
        if self._failures_in_row >= FAILURES:
            self.up = False
            self.probe_at = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def report(self, upstream: str) -> batch.Health:
        """Say how it does, and start counting anew."""
        said = batch.Health(upstream, self.up, self.rtt, self._answers, self._failures)
        self._answers = self._failures = 0
        return said
