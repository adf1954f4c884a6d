"""Vantage: how a vantage point that is no worker does, since it came."""

import msgspec


class VantagePoint(msgspec.Struct):
    """What `dnswatch status` says of one."""

    name: str
    lag: float
    "Seconds for which it is waited for."
    since: float
    "When it came, Unix seconds."
    heard_at: float
    "When it last said anything."
    gone_at: float | None = None
    "When it went; None while it is there."
    batches: int = 0
    lookups: int = 0
    late: int = 0
    "Lookups that came later than its lag allows."
    dropped: int = 0
    "Lookups that it could not hand over, by its own count."
    damaged: int = 0
    "Messages that could not be read, or could not be true."
