"""Volume: evidence without novelty, against who mails to the same few domains again and again.

A bot that writes to four freemail domains alone has no novel mail domain after the first minute.
What it shows is volume: MX questions for `DOMAINS` or more domains within an hour, without rest.
Each MX question of such an hour for a domain that was asked for within `AGAIN` is an event; a
person or a program of its own has few, a mailing asks for each domain once, as does a monitor that
looks each hour.

It is a Shiryaev-Roberts statistic of its own over these events, with bounds that are learned of the
client alone, as that of guesses is (guesses.py), and has a share of the client's statistic.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dnswatch.model.detection.guesses import SHARE, Guesses
from dnswatch.model.week import Week

DOMAINS: Final = 4
"""Domains within `TIME` that make an hour one of volume: more than a monitor or a `host` twice."""
TIME: Final = 3600.0
AGAIN: Final = 2700.0
"""Seconds within which a domain is asked for again: a monitor that looks each hour does not."""
_KEPT: Final = 8
"""Domains remembered: twice as many as are needed."""


@dataclass(slots=True)
class Volume:
    """MX questions of one client, in hours with many domains."""

    events: Guesses
    lately: dict[bytes, float] = field(default_factory=dict)
    "Domain to when its MX was asked for last, Unix seconds; the one longest ago first."

    @classmethod
    def begin(cls, now: float) -> "Volume":
        """Begin to watch a client."""
        return cls(Guesses.begin(now))

    def see(self, domain: bytes, now: float, week: Week, *, is_judged: bool) -> bool:
        """Fold in an MX question, novel or not; say whether it was one of many."""
        before = self.lately.pop(domain, None)
        self.lately[domain] = now
        self.lately = {
            one: at for one, at in list(self.lately.items())[-_KEPT:] if now - at <= TIME
        }
        if len(self.lately) < DOMAINS or before is None or now - before > AGAIN:
            return False
        self.events.see(domain, now, week, is_judged=is_judged)
        return True

    def sentence(self, write: Callable[[bytes], str]) -> str | None:
        """Say what speaks against the client, if anything does."""
        if not self.events.moments:
            return None
        names = ", ".join(write(domain) for domain in list(self.lately)[-DOMAINS:])
        return (
            f"it goes on and on with MX questions for {DOMAINS} or more domains an hour, new to it "
            f"or not; lately {names} (these alone: R = {self.events.parts_mean:,.3g} days, of "
            f"which {SHARE:.0%} counts)"
        )
