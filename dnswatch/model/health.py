"""Health report: how one upstream does, as one worker sees it."""

import msgspec


class HealthReport(msgspec.Struct, frozen=True, array_like=True):
    """How one upstream does, as one worker sees it."""

    upstream: str
    "Its URL, as configured."
    up: bool
    rtt: float
    "Smoothed round-trip time, seconds; 0 before the first response."
    answers: int
    "Responses since the last report."
    failures: int
    "Time-outs, refusals and broken responses since the last report."
    edns: bool = True
    "It is asked with EDNS; without, its answers have no DNSSEC."

    def since(self, earlier: "HealthReport") -> "HealthReport":
        """Join with an earlier report that was not used: sums of both, the state of this one."""
        return HealthReport(
            self.upstream,
            self.up,
            self.rtt,
            earlier.answers + self.answers,
            earlier.failures + self.failures,
            self.edns,
        )
