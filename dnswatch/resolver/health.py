"""Health: how an upstream does, and what follows for the next question.

Clients choose what is asked, so their lookups raise doubts only; probes of our own decide.  Down
after `FAILURES` probes in a row without an answer, up again after `SUCCESSES` with one; any
response is proof that the upstream is there.
"""

from math import inf
from typing import Final

from dnswatch.seams import batch

FAILURES: Final = 3
SUCCESSES: Final = 2

DOUBTS: Final = 2
"""Questions and probes without an answer in time, since the last response, after which others come
first."""

SPELL: Final = 0.5
"""Seconds between two probes at least, however many questions raise doubts."""

_GAIN: Final = 0.125
_DEVIATION_GAIN: Final = 0.25
"""Weights of a new round-trip time in the smoothed one, and in its deviation (RFC 6298, 2)."""

_FIRST_PATIENCE: Final = 0.376
"""Seconds to wait for an upstream of which nothing is known yet; unbound begins with it too."""
LEAST_PATIENCE: Final = 0.05
MOST_PATIENCE: Final = 1.2
"""Seconds: three upstreams are tried within a stub's first 5 s."""

PROBE_PATIENCE: Final = 0.5
"""Seconds that a probe is waited for at least."""

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
        self._deviation = 0.0
        self.patience = _FIRST_PATIENCE
        "How long to wait for a response before it is asked for again, seconds."
        self._unanswered = self._refusals = self._probes_failed = self._successes = 0
        "Each since something else came."
        self._answers = self._failures = 0
        self._pause = _FIRST_PAUSE
        self.probe_at = 0.0
        "When to probe whether it is there, Unix seconds."
        self._probed_at = -inf
        self.edns = True
        "It knows EDNS, for all that our own probes have shown."
        self.edns_probe_at = inf
        "When to probe it for that, Unix seconds."
        self._edns_sure_until = 0.0

    @property
    def due(self) -> float:
        """When to probe it next, Unix seconds."""
        return min(self.probe_at, self.edns_probe_at)

    @property
    def standing(self) -> int:
        """0 is down, 1 doubted (no answer of late, and no probe has cleared it yet), 2 is good."""
        if not self.up:
            return 0
        return 1 if self._unanswered + self._probes_failed >= DOUBTS else 2

    def succeeded(self, rtt: float, now: float) -> None:
        """Note a usable response after `rtt` seconds."""
        self._learn(rtt)
        self._answers += 1
        self._unanswered = self._refusals = self._probes_failed = 0
        self._successes += 1
        if not self.up and self._successes >= SUCCESSES:
            self.up = True
        self._pause = _FIRST_PAUSE
        self.probe_at = now + (_LONGEST_PAUSE if self.up else 0.0)

    def waited(self, now: float) -> None:
        """Note that a client's question has no answer yet: a probe shall find out why."""
        self._unanswered += 1
        self._doubt(now)

    def failed(self, now: float) -> None:
        """Note that a client's question got a broken response, or none at all."""
        self._failures += 1
        self.waited(now)

    def refused(self, now: float) -> None:
        """Note REFUSED: an upstream that refuses a probe as well is of no use."""
        self._failures += 1
        self._refusals += 1
        self._doubt(now)

    def probed(self, now: float) -> None:
        """Note that a probe leaves."""
        self._probed_at = now

    def probe_refused(self, rtt: float, now: float) -> None:
        """Note that a probe got REFUSED; a server of a few zones only may well say so."""
        if self._refusals >= FAILURES:
            self.probe_failed(now)
        else:
            refusals = self._refusals
            self.succeeded(rtt, now)
            self._refusals = refusals

    def probe_failed(self, now: float) -> None:
        """Note that a probe got no answer."""
        self._failures += 1
        self._successes = 0
        self._probes_failed += 1
        if self._probes_failed >= FAILURES:
            self.up = False
            self.probe_at = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            self.probe_at = now

    def doubt_edns(self, now: float) -> None:
        """Note that a question was answered only without EDNS: a probe shall find out why."""
        if self.edns and now >= self._edns_sure_until:
            self.edns_probe_at = now

    def learn_edns(self, now: float, knows: bool) -> None:
        """Note what a probe of our own found out."""
        self.edns = knows
        self._edns_sure_until = now + EDNS_SURE
        self.edns_probe_at = inf if knows else now + EDNS_SURE

    def report(self, upstream: str) -> batch.HealthReport:
        """Say how it does, and start counting anew."""
        said = batch.HealthReport(
            upstream, self.up, self.rtt, self._answers, self._failures, self.edns
        )
        self._answers = self._failures = 0
        return said

    def _doubt(self, now: float) -> None:
        if self.up:
            self.probe_at = min(self.probe_at, max(now, self._probed_at + SPELL))

    def _learn(self, rtt: float) -> None:
        """Smooth the round-trip time; patience is that and four deviations (RFC 6298 section 2).

        A response counts for twice the patience at most: one slow name must not make all wait.
        """
        if not self.rtt:
            self.rtt, self._deviation = rtt, rtt / 2
        else:
            rtt = min(rtt, 2 * self.patience)
            self._deviation += _DEVIATION_GAIN * (abs(rtt - self.rtt) - self._deviation)
            self.rtt += _GAIN * (rtt - self.rtt)
        self.patience = min(max(self.rtt + 4 * self._deviation, LEAST_PATIENCE), MOST_PATIENCE)
