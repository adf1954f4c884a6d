"""The only clock.

Wall time at the anchor plus monotonic time since: a wall clock that is stepped moves no expiry.
The supervisor sets the anchor before it forks, so that all processes share one time line.  Where
the machine's clock was set it anchors anew, and has all processes begin anew on that line.
"""

import time

_anchor = time.time() - time.monotonic()


def set_by() -> float:
    """Seconds by which the machine's clock was set since the anchor; what lies behind is less."""
    return time.time() - now()


def anchor_anew() -> None:
    """Follow the machine's clock, in this process and those that it forks from now on."""
    global _anchor
    _anchor = time.time() - time.monotonic()


def elapsed() -> float:
    """Seconds since some moment: for durations, whatever becomes of the clock."""
    return time.monotonic()


def offset(at: float) -> float:
    """Seconds by which local time is ahead of UTC at a moment."""
    return float(time.localtime(at).tm_gmtoff)


def now() -> float:
    """Unix seconds; never runs backwards."""
    return _anchor + time.monotonic()
